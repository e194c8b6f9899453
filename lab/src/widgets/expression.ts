// Expressions for the engine, and what it answered.
import type { ExpressionGraph } from '../engine/types';
import { exact, format } from '../components/number';

/** "x = 2; b = -1" */
export function settings(values: Record<string, number>): string {
  return Object.entries(values).map(([name, value]) => `${name} = ${value}`).join('; ');
}

export function nodeOf(graph: ExpressionGraph, name: string): number {
  const node = graph.name.indexOf(name);
  if (node < 0) throw new Error(`no number is named ${name}`);
  return node;
}

export function dataOf(graph: ExpressionGraph, name: string): number {
  return graph.data[nodeOf(graph, name)];
}

export function gradOf(graph: ExpressionGraph, name: string): number {
  return graph.grad[nodeOf(graph, name)];
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
