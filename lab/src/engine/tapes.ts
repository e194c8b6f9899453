// Tapes of steps: every operation on two numbers, to be walked from the loss to any weight.
import { childrenOf, readNodes } from './nodes';
import { traceOptions, traceRequest, traceSource } from './sources';
import { pathOf } from './traces';
import type { Held, Traces } from './traces';
import { EngineError } from './types';
import type { Nodes, TapeNode, TraceRequest } from './types';
import type { Wasm } from './wasm';

export class Tapes {
  private readonly wasm: Wasm;

  constructor(private readonly traces: Traces) {
    this.wasm = traces.wasm;
  }

  size(request: TraceRequest): { nodes: number; named: number; root: number } {
    const trace = this.traces.held(request);
    const { wasm } = this;
    const nodes = wasm.call('graph_size', trace.graph);
    const root = wasm.scratch(4, (out) => {
      wasm.check('graph_root', trace.graph, out);
      return wasm.u32(out);
    });
    const named = trace.traced.filter(({ name }) => !name.startsWith('adam.'))
      .reduce((sum, { data }) => sum + data.length, 0);
    return { nodes, named, root };
  }

  nodes(request: TraceRequest, from: number, count: number): Nodes {
    return readNodes(this.wasm, this.traces.held(request).graph, from, count);
  }

  node(request: TraceRequest, node: number): TapeNode {
    const trace = this.traces.held(request);
    const one = (i: number) => readNodes(this.wasm, trace.graph, i, 1);
    const nodes = this.wasm.call('graph_size', trace.graph);
    if (!(Number.isInteger(node) && node >= 0 && node < nodes)) {
      throw new EngineError(`node: out of range, expected 0 to below ${nodes}, got ${node}`);
    }
    const at = one(node);
    const name = this.nodeName(trace, node);
    const children: TapeNode['children'] = [];
    const add = (child: number, localGrad: number) => {
      const { op, data, grad } = one(child);
      children.push({ node: child, op: op[0], data: data[0], grad: grad[0], localGrad, name: this.nodeName(trace, child) });
    };
    if (at.op[0] !== '') add(at.left[0], at.leftLocalGrad[0]);
    if (at.op[0] === '+' || at.op[0] === '*') add(at.right[0], at.rightLocalGrad[0]);
    const parents = Array.from(this.parents(trace, node), (parent) => {
      const { op, data, grad } = one(parent);
      return { node: parent, op: op[0], data: data[0], grad: grad[0], name: this.nodeName(trace, parent) };
    });
    return {
      node, op: at.op[0], data: at.data[0], grad: at.grad[0], name, source: name === '' ? '' : sourceOf(request, name),
      children, parents,
    };
  }

  private nodeName(trace: Held, node: number): string {
    const { wasm } = this;
    return wasm.scratch(8, (out) => {
      if (wasm.call('trace_name_of', trace.handle, node, out) !== 0) return '';
      return pathOf(trace, wasm.u32(out), wasm.u32(out + 4));
    });
  }

  private parents(trace: Held, node: number): Uint32Array {
    if (!trace.parentsOf) {
      const size = this.wasm.call('graph_size', trace.graph);
      const nodes = readNodes(this.wasm, trace.graph, 0, size);
      const first = new Uint32Array(size + 1);
      const each = (take: (child: number, parent: number) => void) => {
        for (let i = 0; i < size; ++i) for (const child of childrenOf(nodes, i)) take(child, i);
      };
      each((child) => ++first[child + 1]);
      for (let i = 0; i < size; ++i) first[i + 1] += first[i];
      const parents = new Uint32Array(first[size]);
      const next = first.slice();
      each((child, parent) => { parents[next[child]++] = parent; });
      trace.parentsOf = { first, parents };
    }
    const { first, parents } = trace.parentsOf;
    return parents.subarray(first[node], first[node + 1]);
  }

  names(request: TraceRequest): { name: string; shape: number[]; nodes: Uint32Array }[] {
    const { traced, nodes } = this.traces.held(request);
    return traced.map(({ name, shape }, i) => ({ name, shape: [...shape], nodes: nodes[i].slice() }));
  }

  value(query: URLSearchParams, path: string): number {
    const trace = this.traces.held(traceRequest('real', traceOptions(query)));
    const size = this.wasm.call('graph_size', trace.graph);
    if (path === 'nodes') return size;
    const [, name, inside] = /^(\w+)\[(.+)\]$/.exec(path) ?? [];
    if (name === 'ops') {
      const wanted = inside === 'leaf' ? '' : inside;
      return readNodes(this.wasm, trace.graph, 0, size).op.filter((op) => op === wanted).length;
    }
    const way = (inside ?? '').split(',').map(Number);
    if (!way.every((node) => Number.isInteger(node) && node >= 0 && node < size)) {
      throw new EngineError(`${path}: expected nodes from 0 to below ${size}`);
    }
    if (name === 'ways') return this.ways(trace)[way[0]];
    const nodes = way.map((node) => readNodes(this.wasm, trace.graph, node, 1));
    switch (name) {
      case 'data': return nodes[0].data[0];
      case 'grad': return nodes[0].grad[0];
      case 'left': return nodes[0].leftLocalGrad[0];
      case 'right': return nodes[0].rightLocalGrad[0];
      case 'way': return nodes.slice(1).reduce((product, _, i) => product * slope(nodes[i], way[i + 1], path), 1);
      default: throw new EngineError(`${path}: expected data[i], grad[i], left[i], right[i], ways[i], way[i,...], ops[op] or nodes`);
    }
  }

  private ways(trace: Held): Float64Array {
    if (trace.ways) return trace.ways;
    const nodes = readNodes(this.wasm, trace.graph, 0, this.wasm.call('graph_size', trace.graph));
    trace.ways = new Float64Array(nodes.op.length);
    trace.ways[nodes.op.length - 1] = 1;
    for (let i = nodes.op.length - 1; i >= 0; --i) {
      for (const child of childrenOf(nodes, i)) trace.ways[child] += trace.ways[i];
    }
    return trace.ways;
  }
}

/** Of one node, by a child; by both of its children where they are the same. */
function slope(node: Nodes, child: number, path: string): number {
  const both = node.op[0] === '+' || node.op[0] === '*';
  const isLeft = node.op[0] !== '' && node.left[0] === child;
  const isRight = both && node.right[0] === child;
  if (!isLeft && !isRight) throw new EngineError(`${path}: no way, ${child} is no child of the node before it`);
  return (isLeft ? node.leftLocalGrad[0] : 0) + (isRight ? node.rightLocalGrad[0] : 0);
}

/** The source of a number of a trace, where a scene stands for that trace; else ''. */
function sourceOf(request: TraceRequest, path: string): string {
  const set = request.changes?.length
    ? Object.fromEntries(request.changes.map((change) => [change.path, change.value])) : undefined;
  const options = { round: request.round, set };
  const toyShaped = request.printedCache === true && request.model !== 'toy';
  if (request.model !== 'toy' && !toyShaped) {
    return request.text === undefined ? ''
      : traceSource('real', path, { text: request.text, ...(request.model === 'trained' ? {} : { model: request.model }), ...options });
  }
  if (request.text !== undefined) return traceSource('computed', path, { text: request.text, ...options });
  const names = (request.tokens ?? []).map((token) => ['BOS', 'a', 'b', 'c'][token]);
  if (request.printedCache) {
    return traceSource('toy', path, { ...tokenOptions(names[0], names[1]), ...(toyShaped ? { model: request.model } : {}), ...options });
  }
  const [bos, first, token, target] = names;
  if (names.length !== 4 || bos !== 'BOS' || first !== 'a') return '';
  return traceSource('computed', path, { ...tokenOptions(token, target), ...options });
}

function tokenOptions(token: string, target: string): { token?: string; target?: string } {
  return { ...(token === 'b' ? {} : { token }), ...(target === 'BOS' ? {} : { target }) };
}
