// micrograd's picture of an expression: a box for each number, with what it is and its gradient, and
// the operation before each that was computed.
import type { ExpressionGraph } from '../../engine/types';
import { children } from '../../engine/expression';
import type { DrawnEdge, DrawnNode } from '../../components/graph';
import { format } from '../../components/number';

export interface Drawing {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
}

export interface Look {
  places: Record<string, [number, number]>; // columns and rows of names; of what has no name: ''
  titles?: Record<string, string>; // of names
  digits: number;
  data?: (name: string) => string; // sources; a number without one is not shown yet
  grad?: (name: string) => string;
  known?: (name: string) => boolean; // whether its data is shown
  gradText?: (node: number) => { value: number; source: string } | null; // instead of the graph's own
  edges?: boolean;
}

const SIGNS: Record<string, string> = { '+': '+', '*': '×', '**': '', log: 'log', exp: 'exp', relu: 'ReLU' };

export function drawing(graph: ExpressionGraph, look: Look): Drawing {
  const nodes: DrawnNode[] = [];
  const edges: DrawnEdge[] = [];
  graph.op.forEach((op, i) => {
    const name = graph.name[i];
    const [x, y] = look.places[name];
    const leaf = op === '';
    const title = name === '' ? format(graph.data[i], 0) : look.titles?.[name] ?? name;
    nodes.push({ id: `n${i}`, x, y, title, kind: leaf ? 'data' : 'activation', lines: name === '' ? [] : lines(i, name) });
    if (leaf || look.edges === false) return;
    const sign = op === '**' ? `**${graph.exponent[i]}` : SIGNS[op];
    nodes.push({ id: `o${i}`, x: x - 0.45, y, title: sign, shape: 'op' });
    edges.push({ from: `o${i}`, to: `n${i}` }, ...children(graph, i).map(({ child }) => ({ from: `n${child}`, to: `o${i}` })));
  });
  return { nodes, edges };

  function lines(i: number, name: string): NonNullable<DrawnNode['lines']> {
    const known = look.known?.(name) ?? true;
    const data = known
      ? { label: 'data', text: format(graph.data[i], look.digits), source: look.data?.(name), digits: look.digits }
      : { label: 'data', text: '?' };
    const other = look.gradText?.(i);
    if (look.gradText) {
      return [data, other
        ? { label: 'grad', text: format(other.value, look.digits), source: other.source, digits: look.digits, kind: 'gradient' }
        : { label: 'grad', text: '0', kind: 'gradient' }];
    }
    if (!look.grad) return [data];
    return [data, { label: 'grad', text: format(graph.grad[i], look.digits), source: look.grad(name), digits: look.digits, kind: 'gradient' }];
  }
}

/** What one turn of the backward pass does: for each child, the local gradient and its source. The
 *  operation is written alone, of two leaves p and q, so that its slope is the local gradient. */
export function passes(graph: ExpressionGraph, node: number): { child: number; localGrad: number; expression: string; name: string }[] {
  const op = graph.op[node];
  const [p, q] = [graph.data[graph.left[node]], graph.data[graph.right[node]]];
  const of = children(graph, node);
  const alone = of.length === 2 ? `v = p${op}q; p = ${p}; q = ${q}` : op === '**' ? `v = p**${graph.exponent[node]}; p = ${p}` : `v = ${op}(p); p = ${p}`;
  return of.map((one, i) => ({ ...one, expression: alone, name: 'pq'[i] }));
}
