// Graphs of expressions.
import { nodeNamed } from './expression';
import { readNodes } from './nodes';
import type { Source } from './sources';
import { EngineError } from './types';
import type { ExpressionGraph } from './types';
import type { Wasm } from './wasm';

const ALL_TURNS = 0xffffffff;

export class Expressions {
  constructor(private readonly wasm: Wasm) {}

  private withGraph<T>(expression: string, f: (graph: number) => T): T {
    const graph = this.wasm.withText(expression, (text, size) => this.wasm.pointer('graph_parse', text, size));
    try {
      return f(graph);
    } finally {
      this.wasm.call('graph_free', graph);
    }
  }

  graph(expression: string, turns?: number): ExpressionGraph {
    return this.graphAfter(expression, (graph) => this.wasm.check('backward_step', graph, turns ?? ALL_TURNS));
  }

  hurried(expression: string): ExpressionGraph {
    return this.graphAfter(expression, (graph) => this.wasm.check('backward_recursive', graph));
  }

  private graphAfter(expression: string, backward: (graph: number) => void): ExpressionGraph {
    const { wasm } = this;
    return this.withGraph(expression, (graph) => wasm.scratch(4, (out) => {
      backward(graph);
      const size = wasm.call('graph_size', graph);
      const name = Array.from({ length: size }, (_, node) => wasm.textOf('graph_name', graph, node));
      wasm.check('graph_root', graph, out);
      const root = wasm.u32(out);
      const order = wasm.pointer('graph_order', graph, out);
      return { ...readNodes(wasm, graph, 0, size), name, root, order: wasm.words(order, wasm.u32(out)) };
    }));
  }

  evaluate(expression: string, leaves: string[], settings: Float64Array, names: string[]): Float64Array {
    const { wasm } = this;
    const shape = this.graph(expression, 0);
    const nodes = [...leaves, ...names].map((name) => nodeNamed(shape, name));
    const count = leaves.length === 0 ? 0 : settings.length / leaves.length;
    return this.withGraph(expression, (graph) => wasm.scratch(4 * nodes.length + 8 * (settings.length + count * names.length + 1), (memory) => {
      // Doubles first: they must stand at multiples of 8.
      const values = memory + 8 * settings.length;
      const indices = values + 8 * count * names.length;
      settings.forEach((value, i) => wasm.setF64(memory + 8 * i, value));
      nodes.forEach((node, i) => wasm.setU32(indices + 4 * i, node));
      wasm.check('graph_evaluate', graph, indices, leaves.length, memory, count, indices + 4 * leaves.length, names.length, values);
      return wasm.doubles(values, count * names.length);
    }));
  }

  /** The graph that a source names a number of; null for another source. */
  of({ scheme, query, expression }: Source): ExpressionGraph | null {
    if (scheme === 'expr') return this.graph(expression);
    if (scheme !== 'backward') return null;
    const turns = query.get('turns') ?? '';
    const of = query.get('of') ?? '';
    if (turns === 'hurried') return this.hurried(of);
    if (!/^\d{1,6}$/.test(turns)) throw new EngineError(`turns: expected a number or 'hurried', got '${turns}'`);
    return this.graph(of, Number(turns));
  }
}
