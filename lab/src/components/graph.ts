// Where the nodes of a drawing stand.
import type { ExpressionGraph } from '../engine/types';

/** A node of a drawing, at a place in units of columns and rows. */
export interface DrawnNode {
  id: string;
  x: number;
  y: number;
  title: string; // above or in it
  shape?: 'circle' | 'box' | 'op';
  kind?: 'data' | 'weight' | 'activation' | 'gradient' | '';
  level?: number; // 0 to 10: how strongly it is filled
  lines?: { label?: string; text: string; source?: string; digits?: number; kind?: string }[]; // below the title
}

export interface DrawnEdge {
  from: string;
  to: string;
  weight?: number; // sign: colour and dash; size: width
  kind?: 'data' | 'weight' | 'activation' | 'gradient' | '';
  label?: string;
}

/** micrograd's picture: a box for each number, an operation before each that was computed; children
 *  stand left of what is made of them. */
export function layout(graph: ExpressionGraph): { depth: number[]; row: number[]; columns: number; rows: number } {
  const count = graph.op.length;
  const depth = new Array<number>(count).fill(0);
  for (let i = 0; i < count; ++i) {
    if (graph.op[i] === '') continue;
    depth[i] = 1 + Math.max(depth[graph.left[i]], depth[graph.right[i] === i ? graph.left[i] : graph.right[i]]);
  }
  const columns = Math.max(...depth) + 1;
  // A leaf stands one column left of what it is first used in.
  for (let i = count - 1; i >= 0; --i) {
    for (const child of new Set([graph.left[i], graph.right[i]])) {
      if (child !== i && graph.op[child] === '') {
        depth[child] = depth[child] === 0 ? depth[i] - 1 : Math.min(depth[child], depth[i] - 1);
      }
    }
  }
  const row = new Array<number>(count).fill(0);
  const used = new Array<number>(columns).fill(0);
  for (let i = 0; i < count; ++i) row[i] = used[depth[i]]++;
  const rows = Math.max(...used);
  for (let i = 0; i < count; ++i) row[i] += (rows - used[depth[i]]) / 2;
  return { depth, row, columns, rows };
}
