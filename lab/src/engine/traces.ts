// Traces of steps: every number by name, and what is asked of one.
import { gradSource, traceRequest, traceSource } from './sources';
import type { TraceSource } from './sources';
import type { Models } from './models';
import { Recent } from './recent';
import { EngineError } from './types';
import type { Card, Trace, Traced, TraceRequest } from './types';
import type { Wasm } from './wasm';

const KEPT_TRACES = 6;

/** A trace that the engine holds, with what of it the page asks for often. */
export interface Held {
  handle: number;
  graph: number;
  tokens: number[];
  traced: Traced[];
  index: Map<string, number>; // of names
  nodes: Uint32Array[]; // of each traced: its nodes
  parentsOf: { first: Uint32Array; parents: Uint32Array } | null; // of node i: first[i] to first[i + 1]
  ways: Float64Array | null; // of each node: how many lead to it from the root
}

/** "pos2.layer0.q[3]" */
export function pathOf(trace: Held, traced: number, index: number): string {
  const { name, shape } = trace.traced[traced];
  if (shape.length === 0) return name;
  const cols = shape[shape.length - 1];
  return shape.length === 1 ? `${name}[${index}]` : `${name}[${Math.floor(index / cols)}][${index % cols}]`;
}

/** One number of a trace: microgpt_element. */
interface Element {
  traced: number;
  index: number;
}

export class Traces {
  readonly wasm: Wasm;
  private readonly kept = new Recent<Held>(KEPT_TRACES, ({ handle }) => this.wasm.call('trace_free', handle));

  constructor(private readonly models: Models) {
    this.wasm = models.wasm;
  }

  private tokensOf(request: TraceRequest): number[] {
    if (request.tokens !== undefined) return request.printedCache ? [0, 1, ...request.tokens] : request.tokens;
    return this.models.encode(request.model, request.text ?? '');
  }

  /** f(tokens, count, options) with a request's in memory. */
  private withOptions<T>(request: TraceRequest, f: (tokens: number, count: number, options: number) => T): T {
    const { wasm } = this;
    const tokens = this.tokensOf(request);
    return wasm.scratch(80 + 4 * tokens.length, (options) => {
      wasm.call('default_trace_options', options);
      if (request.backward || request.update) wasm.setI32(options, 1);
      if (request.update) {
        wasm.setI32(options + 4, 1);
        wasm.setU64(options + 16, BigInt(request.update.step));
        wasm.setF64(options + 24, request.update.learningRate);
      }
      if (request.round !== undefined) wasm.setI32(options + 56, request.round);
      if (request.printedCache) wasm.setI32(options + 72, 1);
      tokens.forEach((token, i) => wasm.setI32(options + 80 + 4 * i, token));
      return f(options + 80, tokens.length, options);
    });
  }

  /** f with the model as a request changes it, and with its tokens and options in memory. */
  private withRequest<T>(
    request: TraceRequest, f: (model: number, tokens: number, count: number, options: number) => T,
  ): T {
    return this.models.withChanges(request.model, request.changes ?? [], (model) =>
      this.withOptions(request, (tokens, count, options) => f(model, tokens, count, options)));
  }

  held(request: TraceRequest): Held {
    const changes = request.changes ?? [];
    this.models.handle(request.model);
    const key = JSON.stringify([
      this.models.version(request.model), request.text, request.tokens, !!request.printedCache,
      request.round, !!(request.backward || request.update), request.update, changes,
    ]);
    return this.kept.get(key) ?? this.kept.set(key, this.withRequest(request, (model, tokens, count, options) =>
      this.read(this.wasm.pointer('trace_new', model, tokens, count, options), this.tokensOf(request))));
  }

  private read(handle: number, tokens: number[]): Held {
    const { wasm } = this;
    const traced: Traced[] = [];
    const parents: Uint32Array[] = [];
    const nodes: Uint32Array[] = [];
    wasm.scratch(56, (out) => {
      const count = wasm.call('trace_size', handle);
      for (let i = 0; i < count; ++i) {
        wasm.check('trace_at', handle, i, out);
        const [name, shape, numDims, size, data, grad, node, parent, numParents, formula, file, line, pythonLine,
          pythonFunction] = wasm.words(out, 14);
        traced.push({
          name: wasm.text(name),
          shape: [...wasm.words(shape, numDims)],
          data: wasm.doubles(data, size),
          grad: grad === 0 ? null : wasm.doubles(grad, size),
          formula: wasm.text(formula),
          parents: [],
          file: wasm.text(file),
          line,
          pythonLine,
          pythonFunction: wasm.text(pythonFunction),
        });
        parents.push(wasm.words(parent, numParents));
        nodes.push(wasm.words(node, node === 0 ? 0 : size));
      }
    });
    traced.forEach((made, i) => { made.parents = Array.from(parents[i], (parent) => traced[parent].name); });
    return {
      handle,
      graph: wasm.pointer('trace_graph', handle),
      tokens,
      traced,
      index: new Map(traced.map(({ name }, i) => [name, i])),
      nodes,
      parentsOf: null,
      ways: null,
    };
  }

  trace(request: TraceRequest): Trace {
    const { tokens, traced } = this.held(request);
    // The caller may keep, change or send away what it gets.
    return {
      tokens: [...tokens],
      traced: traced.map((made) => ({ ...made, data: made.data.slice(), grad: made.grad && made.grad.slice() })),
    };
  }

  number({ scene, options, path, grad: ofGrad }: TraceSource): number {
    const trace = this.held(traceRequest(scene, options));
    const element = this.find(trace, path);
    const { data, grad } = trace.traced[element.traced];
    if (!ofGrad) return data[element.index];
    if (grad === null) throw new EngineError(`${path}: has no gradient`);
    return grad[element.index];
  }

  card(source: string, { scene, options, path: name, grad: ofGrad }: TraceSource): Card {
    const { wasm } = this;
    const trace = this.held(traceRequest(scene, options));
    return wasm.scratch(8, (element) => {
      const { traced, index } = this.find(trace, name);
      wasm.setU32(element, traced);
      wasm.setU32(element + 4, index);
      const made = trace.traced[traced];
      const write = (what: string, style: number) => wasm.textOf(what, trace.handle, element, style, 17);
      const gradient = made.grad ? made.grad[index] : null;
      const path = pathOf(trace, traced, index);
      const value = ofGrad && gradient !== null ? gradient : made.data[index];
      const relatives = (which: string) => this.relatives(trace, which, element).map((other) => {
        const title = pathOf(trace, other.traced, other.index);
        const { data, grad } = trace.traced[other.traced];
        return ofGrad && grad
          ? { source: gradSource(scene, title, options), title: `grad(${title})`, value: grad[other.index] }
          : { source: traceSource(scene, title, options), title, value: data[other.index] };
      });
      return {
        source,
        title: ofGrad ? `grad(${path})` : path,
        value,
        text: String(value),
        formula: write('trace_formula', 0),
        numbers: write('trace_formula', 1),
        parents: relatives(ofGrad ? 'trace_users' : 'trace_parents'), // a gradient is made of its users'
        users: relatives(ofGrad ? 'trace_parents' : 'trace_users'),
        grad: gradient,
        gradFormula: gradient === null ? '' : write('trace_gradient_formula', 0),
        gradNumbers: gradient === null ? '' : write('trace_gradient_formula', 1),
        file: made.file,
        line: made.line,
        pythonLine: made.pythonLine,
        pythonFunction: made.pythonFunction,
      };
    });
  }

  private find(trace: Held, path: string): Element {
    const { wasm } = this;
    return wasm.withText(path, (text, size) => wasm.scratch(8, (out) => {
      wasm.check('trace_find', trace.handle, text, size, out);
      return { traced: wasm.u32(out), index: wasm.u32(out + 4) };
    }));
  }

  private relatives(trace: Held, name: string, element: number): Element[] {
    const { wasm } = this;
    const ask = (room: number): Element[] | null => wasm.scratch(8 * room + 4, (count) => {
      wasm.check(name, trace.handle, element, count + 4, room, count);
      const found = wasm.u32(count);
      if (found > room) return null;
      const words = wasm.words(count + 4, 2 * found);
      return Array.from({ length: found }, (_, i) => ({ traced: words[2 * i], index: words[2 * i + 1] }));
    });
    return ask(64) ?? ask(65536) ?? [];
  }

  numericalGradient(request: TraceRequest, parameter: string, eps: number): Float64Array {
    const { wasm } = this;
    return this.withRequest(request, (model, tokens, count, options) => {
      const { i, rows, cols } = this.models.parameterPlace(model, parameter);
      return wasm.scratch(8 * rows * cols, (out) => {
        wasm.check('numerical_gradient', model, tokens, count, options, i, eps, out);
        return wasm.doubles(out, rows * cols);
      });
    });
  }

  losses(requests: TraceRequest[]): Float64Array {
    const { wasm } = this;
    return Float64Array.from(requests, (request) => this.withRequest(request, (model, tokens, count, options) =>
      wasm.scratch(8, (out) => {
        wasm.check('loss', model, tokens, count, options, out);
        return wasm.f64(out);
      })));
  }

  descend(requests: TraceRequest[], learningRate: number, eps = 0): Float64Array {
    if (requests.length === 0) throw new EngineError('descend: expected requests, got none');
    const id = requests[0].model;
    if (requests.some(({ model }) => model !== id)) throw new EngineError(`descend: expected requests to one model, '${id}'`);
    // Equal requests are asked once.
    const keys = requests.map((request) => JSON.stringify(request));
    const kinds = [...new Set(keys)].map((key) => ({
      request: requests[keys.indexOf(key)], share: keys.filter((other) => other === key).length / keys.length,
    }));
    const losses = this.losses(kinds.map(({ request }) => request));
    const { parameters } = this.models.info(id);
    const slopes = parameters.map(({ data }) => new Float64Array(data.length));
    for (const { request, share } of kinds) {
      const trace = eps > 0 ? null : this.held({ ...request, backward: true });
      parameters.forEach(({ name }, i) => {
        const gradient = trace ? trace.traced[trace.index.get(name)!].grad! : this.numericalGradient(request, name, eps);
        gradient.forEach((slope, j) => { slopes[i][j] += share * slope; });
      });
    }
    parameters.forEach(({ name, data }, i) => this.models.setParameter(id, name, data.map((value, j) => value - learningRate * slopes[i][j])));
    const known = [...new Set(keys)];
    return Float64Array.from(keys, (key) => losses[known.indexOf(key)]);
  }
}
