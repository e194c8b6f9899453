// A tape as it is drawn and walked: of which part each node is, and the shortest way to it.
import type { Nodes } from '../../../engine/types';

export const PARTS = ['parameters', 'embedding', 'attention', 'mlp', 'output', 'loss'] as const;
export const OPS = ['', '+', '*', '**', 'log', 'exp', 'relu'] as const;

export interface Names {
  name: string;
  shape: number[];
  nodes: Uint32Array;
}

export interface Tape {
  text: string;
  root: number;
  nodes: Nodes;
  names: Names[];
  op: Uint8Array; // index in OPS of each node
  part: Uint8Array; // index in PARTS
  pos: Int8Array; // position, -1 for parameters and what belongs to all of them
  nearer: Int32Array; // the next node on a shortest way to the loss; -1: none
}

function partOf(name: string): number {
  if (!name.startsWith('pos')) return name === 'loss' ? 5 : 0;
  const own = name.replace(/^pos\d+\./, '');
  if (own === 'loss') return 5;
  if (/^(tok_emb|pos_emb|embedding)/.test(own)) return 1;
  if (/^layer\d+\.mlp/.test(own)) return 3;
  return own.startsWith('layer') ? 2 : 4;
}

export function childrenOf({ op, left, right }: Nodes, i: number): number[] {
  if (op[i] === '') return [];
  return (op[i] !== '+' && op[i] !== '*') || left[i] === right[i] ? [left[i]] : [left[i], right[i]];
}

export function makeTape(text: string, root: number, nodes: Nodes, names: Names[]): Tape {
  const size = nodes.op.length;
  const part = new Uint8Array(size).fill(255);
  const pos = new Int8Array(size).fill(-1);
  for (const { name, nodes: own } of names) {
    const position = Number(/^pos(\d+)\./.exec(name)?.[1] ?? -1);
    for (const node of own) {
      if (part[node] !== 255) continue; // a view's numbers belong to where they were made
      part[node] = partOf(name);
      pos[node] = position;
    }
  }
  // What has no name leads to the next thing that has one.
  for (let i = size - 1, next = 5, at = -1; i >= 0; --i) {
    if (part[i] === 255) {
      part[i] = next === 0 ? 1 : next;
      pos[i] = at;
    } else {
      next = part[i];
      at = pos[i];
    }
  }
  const nearer = new Int32Array(size).fill(-1);
  const queue = [root];
  for (let k = 0; k < queue.length; ++k) {
    for (const child of childrenOf(nodes, queue[k])) {
      if (nearer[child] >= 0 || child === root) continue;
      nearer[child] = queue[k];
      queue.push(child);
    }
  }
  const op = Uint8Array.from(nodes.op, (one) => OPS.indexOf(one));
  return { text, root, nodes, names, op, part, pos, nearer };
}

/** From the loss to a node; empty where the loss does not depend on it. */
export function shortestWay({ root, nearer }: Tape, node: number): number[] {
  if (node !== root && nearer[node] < 0) return [];
  const way = [node];
  while (way[0] !== root) way.unshift(nearer[way[0]]);
  return way;
}

/** The slope of a node by one of its children, by both where they are the same. */
export function slopeOf({ op, left, right, leftLocalGrad, rightLocalGrad }: Nodes, node: number, child: number): number {
  const two = op[node] === '+' || op[node] === '*';
  return (left[node] === child ? leftLocalGrad[node] : 0) + (two && right[node] === child ? rightLocalGrad[node] : 0);
}

/** The node of a path such as layer0.attn_wq[3][2]; -1 for none. */
export function nodeOf({ names }: Tape, path: string): number {
  const [, name, inside] = /^([\w.]+)((?:\[\d+\])*)$/.exec(path.trim()) ?? [];
  const one = names.find((each) => each.name === name);
  if (!one) return -1;
  const indices = [...inside.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
  if (indices.length !== one.shape.length || indices.some((index, k) => index >= one.shape[k])) return -1;
  return one.nodes[indices.reduce((sum, index, k) => sum * one.shape[k] + index, 0)] ?? -1;
}

/** Runs of nodes of one part at one position. */
export function segments({ part, pos }: Tape): { part: number; pos: number; from: number; to: number }[] {
  const found: { part: number; pos: number; from: number; to: number }[] = [];
  for (let i = 0; i < part.length; ++i) {
    const last = found[found.length - 1];
    if (last && last.part === part[i] && last.pos === pos[i]) last.to = i + 1;
    else found.push({ part: part[i], pos: pos[i], from: i, to: i + 1 });
  }
  return found;
}
