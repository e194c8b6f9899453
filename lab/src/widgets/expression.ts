// Expressions for the engine, and what it answered.
import type { ExpressionGraph, RemoteEngine } from '../engine/types';
import { nodeNamed } from '../engine/expression';
import { expressionSource } from '../engine/sources';
import { exact, format } from '../components/number';

/** "x = 2; b = -1" */
export function settings(values: Record<string, number>): string {
  return Object.entries(values).map(([name, value]) => `${name} = ${value}`).join('; ');
}

/** The numbers of an expression by name, each with its source; "grad(a)" is a name, too. */
export class Named {
  constructor(readonly expression: string, readonly graph: ExpressionGraph) {}

  value(name: string): number {
    const grad = /^grad\((.*)\)$/.exec(name);
    return grad ? this.graph.grad[nodeNamed(this.graph, grad[1])] : this.graph.data[nodeNamed(this.graph, name)];
  }

  source(name: string): string {
    return expressionSource(this.expression, name);
  }

  one(name: string) {
    return { source: this.source(name), value: this.value(name) };
  }
}

export async function askNamed(engine: RemoteEngine, expression: string): Promise<Named> {
  return new Named(expression, await engine.graph(expression));
}

/** As a factor or summand: a negative number stands in parentheses. */
export function inSum(value: number, digits: number): string {
  return value < 0 ? `(${format(value, digits)})` : format(value, digits);
}

/** Digits after the point that say all of a number, apart from its last bits; at least one. */
export function digitsOf(value: number, most = 8): number {
  const [, fraction = ''] = exact(Number(value.toFixed(most))).split('.');
  return /e/.test(fraction) ? most : Math.max(1, fraction.length);
}

/** Between low and high, a multiple of step. Where a reader asks for chance. */
export function randomStep(low: number, high: number, step: number): number {
  return Number((low + step * Math.floor(Math.random() * (1 + Math.round((high - low) / step)))).toFixed(6));
}
