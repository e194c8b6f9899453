// A backward pass that does not wait: how its gradients come about, as an expression for the engine.
import type { ExpressionGraph } from '../../engine/types';
import { expressionSource } from '../../engine/sources';
import { passes } from './drawing';

export interface Call {
  node: number; // that passes its gradient on
  child: number; // that gets it
  localGrad: number;
  slope: string; // source of the local gradient
  from: string; // name, in the expression, of the gradient that is passed on
  to: string; // of the child's gradient afterwards
}

/** The calls in their order, and an expression in which every gradient between them has a name:
 *  "gb1 = 1*gc0; ga1 = 1*gb1; ga2 = ga1 + 1*gb1". */
export function hurriedCalls(graph: ExpressionGraph): { calls: Call[]; expression: string } {
  const calls: Call[] = [];
  const times = new Map<number, number>();
  const name = (node: number, time: number) => `g${graph.name[node]}${time}`;
  const statements = [`${name(graph.root, 0)} = 1`];
  const visit = (node: number) => {
    for (const { child, localGrad, expression: alone, name: leaf } of passes(graph, node)) {
      const from = name(node, times.get(node) ?? 0);
      const time = (times.get(child) ?? 0) + 1;
      const before = time === 1 ? '' : `${name(child, time - 1)} + `;
      times.set(child, time);
      statements.push(`${name(child, time)} = ${before}${localGrad}*${from}`);
      calls.push({ node, child, localGrad, slope: expressionSource(alone, `grad(${leaf})`), from, to: name(child, time) });
      if (graph.op[child] !== '') visit(child);
    }
  };
  visit(graph.root);
  return { calls, expression: statements.join('; ') };
}
