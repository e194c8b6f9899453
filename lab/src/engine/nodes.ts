// Graphs in columns, as the engine has them.
import type { Nodes } from './types';
import type { Wasm } from './wasm';

const OPS: Nodes['op'] = ['', '+', '*', '**', 'log', 'exp', 'relu'];

/** Nodes from .. from + count - 1. */
export function readNodes(wasm: Wasm, graph: number, from: number, count: number): Nodes {
  return wasm.scratch(36, (out) => {
    wasm.check('graph_nodes', graph, from, count, out);
    const [size, op, data, grad, left, right, leftLocal, rightLocal, exponent] = wasm.words(out, 9);
    return {
      op: Array.from(wasm.bytes(op, size), (i) => OPS[i]),
      data: wasm.doubles(data, size),
      grad: wasm.doubles(grad, size),
      left: wasm.words(left, size),
      right: wasm.words(right, size),
      leftLocalGrad: wasm.doubles(leftLocal, size),
      rightLocalGrad: wasm.doubles(rightLocal, size),
      exponent: wasm.doubles(exponent, size),
    };
  });
}

/** The children of node i, each once. */
export function childrenOf({ op, left, right }: Nodes, i: number): number[] {
  if (op[i] === '') return [];
  return op[i] !== '+' && op[i] !== '*' || left[i] === right[i] ? [left[i]] : [left[i], right[i]];
}
