// The engine over the C interface: include/microgpt/c_api.h, whose structs are read here by offset.
import { Wasm } from './wasm';
import { parseSource, traceOptions, traceRequest, traceSource, gradSource } from './sources';
import type { TraceSource } from './sources';
import { expressionCard, nodeNamed } from './expression';
import { EngineError } from './types';
import type {
  AuditReport, BotAnswer, Card, Engine, ExpressionGraph, GradeReport, ModelId, ModelInfo, NextToken,
  Nodes, Parting, Sampling, Settings, TapeNode, Trace, Traced, TraceRequest, Training,
} from './types';

const OPS: Nodes['op'] = ['', '+', '*', '**', 'log', 'exp', 'relu'];
const GUARDS = ['certified', 'resample', 'off'];
const GROUPS = ['benign', 'adversarial', 'output filter', 'clarity'];
const KEPT_TRACES = 6;
const BOT_TEMPERATURE = 0.7; // the assignment's
const ALL_TURNS = 0xffffffff;
const SCENES = ['toy', 'computed', 'real'];
export const KEPT_POLICIES = 32;
const KEPT_RUNS = 4; // trainings that run sources ask about

type Guard = 'certified' | 'resample' | 'off';

/** A trace that the engine holds, with what of it the page asks for often. */
interface Held {
  handle: number;
  graph: number;
  tokens: number[];
  traced: Traced[];
  index: Map<string, number>; // of names
  nodes: Uint32Array[]; // of each traced: its nodes
  parentsOf: { first: Uint32Array; parents: Uint32Array } | null; // of node i: first[i] to first[i + 1]
  ways: Float64Array | null; // of each node: how many lead to it from the root
}

interface Run {
  handle: number;
  numSteps: number;
  stepsDone: number;
}

export interface EngineOptions {
  /** The embedded names, one a line: what 'untrained' and run sources learn from. */
  names?: string;
}

export class WasmEngine implements Engine {
  private readonly wasm: Wasm;
  /** The embedded names, one a line; may come later than the engine. */
  names: string;
  private readonly models = new Map<ModelId, number>();
  private readonly changes = new Map<ModelId, number>(); // how often a model was replaced
  private readonly traces = new Map<string, Held>(); // the oldest first
  private readonly trainings = new Map<number, Run>();
  private readonly runLosses = new Map<number, { run: Run; losses: number[] }>(); // by seed, the oldest first
  private lastTraining = 0;
  private readonly policies = new Map<string, string>(); // by name, the oldest first
  private guarded: { key: string; numbers: Record<string, unknown> } | null = null; // asked for last

  constructor(wasm: Wasm, options: EngineOptions = {}) {
    this.wasm = wasm;
    this.names = options.names ?? '';
  }

  static async instantiate(code: BufferSource | WebAssembly.Module, options: EngineOptions = {}): Promise<WasmEngine> {
    return new WasmEngine(await Wasm.load(code), options);
  }

  version(): string {
    return this.wasm.text(this.wasm.call('version'));
  }

  memory(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  // Models

  private keep(id: ModelId, handle: number): void {
    const old = this.models.get(id);
    if (old !== undefined) this.wasm.call('model_free', old);
    this.models.set(id, handle);
    this.changes.set(id, (this.changes.get(id) ?? 0) + 1);
  }

  private handle(id: ModelId): number {
    const known = this.models.get(id);
    if (known !== undefined) return known;
    if (id === 'toy') {
      this.keep(id, this.wasm.pointer('model_toy'));
    } else if (id === 'untrained') {
      const run = this.start(this.needNames(), {});
      try {
        this.keep(id, this.wasm.pointer('training_model', run.handle));
      } finally {
        this.wasm.call('training_free', run.handle);
      }
    } else {
      throw new EngineError(`no such model: '${id}', expected toy, untrained or a registered one`);
    }
    return this.models.get(id)!;
  }

  private needNames(): string {
    if (this.names === '') throw new EngineError('the engine was given no names to learn from');
    return this.names;
  }

  register(id: ModelId, modelJson: string): ModelInfo {
    this.keep(id, this.wasm.withText(modelJson, (text, size) => this.wasm.pointer('model_parse', text, size)));
    return this.model(id);
  }

  model(id: ModelId): ModelInfo {
    const handle = this.handle(id);
    const { wasm } = this;
    const parameters = this.parameterPlaces(handle)
      .map(({ name, rows, cols, data }) => ({ name, rows, cols, data: wasm.doubles(data, rows * cols) }));
    return wasm.scratch(32, (config) => {
      wasm.check('model_config', handle, config);
      const [nLayer, nEmbd, blockSize, nHead, vocabSize, , bos, numParams] = wasm.words(config, 8);
      const tokens = Array.from({ length: vocabSize }, (_, token) => wasm.textOf('token_text', handle, token));
      return { nLayer, nEmbd, blockSize, nHead, vocabSize, bos, numParams, tokens, parameters };
    });
  }

  private parameterPlaces(handle: number): { name: string; rows: number; cols: number; data: number }[] {
    const { wasm } = this;
    const count = wasm.call('model_num_parameters', handle);
    return wasm.scratch(16, (out) => Array.from({ length: count }, (_, i) => {
      wasm.check('model_parameter', handle, i, out);
      const [name, rows, cols, data] = wasm.words(out, 4);
      return { name: wasm.text(name), rows, cols, data };
    }));
  }

  private parameterPlace(handle: number, name: string): { i: number; rows: number; cols: number; data: number } {
    const places = this.parameterPlaces(handle);
    const i = places.findIndex((place) => place.name === name);
    if (i < 0) {
      throw new EngineError(`no such parameter: '${name}', expected one of ${places.map((p) => p.name).join(', ')}`);
    }
    return { i, ...places[i] };
  }

  modelJson(id: ModelId): string {
    return this.wasm.textOf('model_json', this.handle(id));
  }

  clone(from: ModelId, to: ModelId): void {
    this.register(to, this.modelJson(from));
  }

  setParameter(id: ModelId, name: string, data: Float64Array): void {
    const { rows, cols, data: place } = this.parameterPlace(this.handle(id), name);
    if (data.length !== rows * cols) {
      throw new EngineError(`${name}: expected ${rows * cols} numbers, got ${data.length}`);
    }
    new Float64Array(this.wasm.memory.buffer, place, data.length).set(data);
    this.changes.set(id, (this.changes.get(id) ?? 0) + 1);
  }

  encode(id: ModelId, text: string): number[] {
    const { wasm } = this;
    const handle = this.handle(id);
    const room = new TextEncoder().encode(text).length + 2;
    return wasm.withText(text, (pointer, size) => wasm.scratch(4 * room + 4, (out) => {
      wasm.check('encode', handle, pointer, size, out + 4, room, out);
      return [...wasm.words(out + 4, wasm.u32(out))];
    }));
  }

  // Traces

  /** f() while some parameters of a model are others. */
  private withChanges<T>(request: TraceRequest, f: (handle: number) => T): T {
    const handle = this.handle(request.model);
    const { wasm } = this;
    const old: { at: number; value: number }[] = [];
    try {
      for (const { path, value } of request.changes ?? []) {
        const [name, ...indices] = path.split(/[[\]]+/).filter((part) => part !== '');
        const { rows, cols, data } = this.parameterPlace(handle, name);
        const [row, col] = indices.map(Number);
        if (!(row < rows && col < cols)) {
          throw new EngineError(`'${path}' is no parameter, expected ${name}[0..${rows - 1}][0..${cols - 1}]`);
        }
        const at = data + 8 * (row * cols + col);
        old.push({ at, value: wasm.f64(at) });
        wasm.setF64(at, value);
      }
      return f(handle);
    } finally {
      for (const { at, value } of old.reverse()) wasm.setF64(at, value);
    }
  }

  private tokensOf(request: TraceRequest): number[] {
    if (request.tokens !== undefined) return request.printedCache ? [0, 1, ...request.tokens] : request.tokens;
    return this.encode(request.model, request.text ?? '');
  }

  /** f(tokens, count, options) with a request's in memory. */
  private withTraceOptions<T>(request: TraceRequest, f: (tokens: number, count: number, options: number) => T): T {
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

  private held(request: TraceRequest): Held {
    this.handle(request.model);
    const key = JSON.stringify([
      request.model, this.changes.get(request.model), request.text, request.tokens, !!request.printedCache,
      request.round, !!(request.backward || request.update), request.update, request.changes ?? [],
    ]);
    const known = this.traces.get(key);
    if (known) {
      this.traces.delete(key);
      this.traces.set(key, known);
      return known;
    }
    const made = this.withChanges(request, (model) => this.withTraceOptions(request, (tokens, count, options) =>
      this.read(this.wasm.pointer('trace_new', model, tokens, count, options), this.tokensOf(request))));
    this.traces.set(key, made);
    if (this.traces.size > KEPT_TRACES) {
      const [oldest, { handle }] = this.traces.entries().next().value!;
      this.traces.delete(oldest);
      this.wasm.call('trace_free', handle);
    }
    return made;
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

  private find(trace: Held, path: string): { traced: number; index: number } {
    const { wasm } = this;
    return wasm.withText(path, (text, size) => wasm.scratch(8, (out) => {
      wasm.check('trace_find', trace.handle, text, size, out);
      return { traced: wasm.u32(out), index: wasm.u32(out + 4) };
    }));
  }

  private path(trace: Held, traced: number, index: number): string {
    const { name, shape } = trace.traced[traced];
    if (shape.length === 0) return name;
    const cols = shape[shape.length - 1];
    return shape.length === 1 ? `${name}[${index}]` : `${name}[${Math.floor(index / cols)}][${index % cols}]`;
  }

  private sourceTrace(source: string): { scene: TraceSource; trace: Held } | null {
    const { scheme, query, path, grad } = parseSource(source);
    if (!SCENES.includes(scheme)) return null;
    const scene = { scene: scheme as TraceSource['scene'], options: traceOptions(query), path, grad };
    return { scene, trace: this.held(traceRequest(scene.scene, scene.options)) };
  }

  value(source: string): number {
    const traced = this.sourceTrace(source);
    if (traced) {
      const { trace, scene } = traced;
      const element = this.find(trace, scene.path);
      const { data, grad } = trace.traced[element.traced];
      if (!scene.grad) return data[element.index];
      if (grad === null) throw new EngineError(`${scene.path}: has no gradient`);
      return grad[element.index];
    }
    const { scheme, query, path } = parseSource(source);
    const graph = this.sourceGraph(source);
    if (graph) {
      const { grad } = parseSource(source);
      const node = nodeNamed(graph, path);
      return grad ? graph.grad[node] : graph.data[node];
    }
    if (scheme === 'run') return this.runLoss(Number(query.get('seed') ?? 42), Number(query.get('steps')), path);
    if (scheme === 'next') {
      const next = this.next(query.get('model') ?? 'trained', query.get('prefix') ?? '', Number(query.get('t') ?? 1));
      const parts = /^(probs|logits)\[(\d+)\]$/.exec(path);
      if (path === 'entropy') return next.entropy;
      const value = parts ? next[parts[1] as 'probs' | 'logits'][Number(parts[2])] : undefined;
      if (value === undefined) throw new EngineError(`${path}: expected probs[i], logits[i] or entropy`);
      return value;
    }
    if (scheme === 'tape') return this.tapeValue(query, path);
    if (['policy', 'audit', 'bot', 'grade'].includes(scheme)) return this.guardValue(scheme, query, path);
    throw new EngineError(`not a source: ${source}`);
  }

  private runLoss(seed: number, steps: number, path: string): number {
    const step = Number(/^loss\[(\d+)\]$/.exec(path)?.[1]);
    if (!(step >= 1 && step <= steps)) throw new EngineError(`${path}: expected loss[1] to loss[${steps}]`);
    let known = this.runLosses.get(seed);
    if (!Number.isSafeInteger(seed)) throw new EngineError(`seed: expected a whole number, got ${seed}`);
    known ??= { run: this.start(this.needNames(), { seed }), losses: [] };
    this.runLosses.delete(seed);
    this.runLosses.set(seed, known);
    if (this.runLosses.size > KEPT_RUNS) {
      const [oldest, { run }] = this.runLosses.entries().next().value!;
      this.runLosses.delete(oldest);
      this.wasm.call('training_free', run.handle);
    }
    if (known.losses.length < step) known.losses.push(...this.advance(known.run, step - known.losses.length));
    if (known.losses.length < step) throw new EngineError(`${path}: the run has ${known.losses.length} steps`);
    return known.losses[step - 1];
  }

  card(source: string): Card {
    const traced = this.sourceTrace(source);
    return traced ? this.traceCard(source, traced.scene, traced.trace) : this.plainCard(source);
  }

  private traceCard(source: string, scene: TraceSource, trace: Held): Card {
    const { wasm } = this;
    return wasm.scratch(8, (element) => {
      const { traced, index } = this.find(trace, scene.path);
      wasm.setU32(element, traced);
      wasm.setU32(element + 4, index);
      const made = trace.traced[traced];
      const write = (name: string, style: number) => wasm.textOf(name, trace.handle, element, style, 17);
      const gradient = made.grad ? made.grad[index] : null;
      const path = this.path(trace, traced, index);
      const value = scene.grad && gradient !== null ? gradient : made.data[index];
      const relatives = (name: string) => this.relatives(trace, name, element).map((other) => {
        const title = this.path(trace, other.traced, other.index);
        const { data, grad } = trace.traced[other.traced];
        return scene.grad && grad
          ? { source: gradSource(scene.scene, title, scene.options), title: `grad(${title})`, value: grad[other.index] }
          : { source: traceSource(scene.scene, title, scene.options), title, value: data[other.index] };
      });
      return {
        source,
        title: scene.grad ? `grad(${path})` : path,
        value,
        text: String(value),
        formula: write('trace_formula', 0),
        numbers: write('trace_formula', 1),
        parents: relatives(scene.grad ? 'trace_users' : 'trace_parents'), // a gradient is made of its users'
        users: relatives(scene.grad ? 'trace_parents' : 'trace_users'),
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

  private relatives(trace: Held, name: string, element: number): { traced: number; index: number }[] {
    const { wasm } = this;
    const ask = (room: number): { traced: number; index: number }[] | null => wasm.scratch(8 * room + 4, (count) => {
      wasm.check(name, trace.handle, element, count + 4, room, count);
      const found = wasm.u32(count);
      if (found > room) return null;
      const words = wasm.words(count + 4, 2 * found);
      return Array.from({ length: found }, (_, i) => ({ traced: words[2 * i], index: words[2 * i + 1] }));
    });
    return ask(64) ?? ask(65536) ?? [];
  }

  /** The graph that a source names a number of; null for another source. */
  private sourceGraph(source: string): ExpressionGraph | null {
    const { scheme, query, expression } = parseSource(source);
    if (scheme === 'expr') return this.graph(expression);
    if (scheme !== 'backward') return null;
    const turns = query.get('turns') ?? '';
    const of = query.get('of') ?? '';
    if (turns === 'hurried') return this.hurriedGraph(of);
    if (!/^\d{1,6}$/.test(turns)) throw new EngineError(`turns: expected a number or 'hurried', got '${turns}'`);
    return this.graph(of, Number(turns));
  }

  /** Of a run or a next token, which have no names but their own, or of an expression. */
  private plainCard(source: string): Card {
    const { path, grad } = parseSource(source);
    const value = this.value(source);
    const card: Card = {
      source, title: grad ? `grad(${path})` : path, value, text: String(value), formula: '', numbers: '',
      parents: [], users: [], grad: null, gradFormula: '', gradNumbers: '', file: '', line: 0, pythonLine: 0,
      pythonFunction: '',
    };
    const graph = this.sourceGraph(source);
    if (graph) expressionCard(card, graph, nodeNamed(graph, path), grad);
    return card;
  }

  // Tapes

  tapeSize(request: TraceRequest): { nodes: number; named: number; root: number } {
    const trace = this.held(request);
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

  tapeNodes(request: TraceRequest, from: number, count: number): Nodes {
    return this.nodes(this.held(request).graph, from, count);
  }

  private nodes(graph: number, from: number, count: number): Nodes {
    const { wasm } = this;
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

  tapeNode(request: TraceRequest, node: number): TapeNode {
    const trace = this.held(request);
    const one = (i: number) => this.nodes(trace.graph, i, 1);
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
    const parents = Array.from(this.tapeParents(trace, node), (parent) => {
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
      return this.path(trace, wasm.u32(out), wasm.u32(out + 4));
    });
  }

  private tapeParents(trace: Held, node: number): Uint32Array {
    if (!trace.parentsOf) {
      const size = this.wasm.call('graph_size', trace.graph);
      const nodes = this.nodes(trace.graph, 0, size);
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

  tapeNames(request: TraceRequest): { name: string; shape: number[]; nodes: Uint32Array }[] {
    const { traced, nodes } = this.held(request);
    return traced.map(({ name, shape }, i) => ({ name, shape: [...shape], nodes: nodes[i].slice() }));
  }

  private tapeValue(query: URLSearchParams, path: string): number {
    const trace = this.held(traceRequest('real', traceOptions(query)));
    const size = this.wasm.call('graph_size', trace.graph);
    if (path === 'nodes') return size;
    const [, name, inside] = /^(\w+)\[(.+)\]$/.exec(path) ?? [];
    if (name === 'ops') {
      const wanted = inside === 'leaf' ? '' : inside;
      return this.nodes(trace.graph, 0, size).op.filter((op) => op === wanted).length;
    }
    const way = (inside ?? '').split(',').map(Number);
    if (!way.every((node) => Number.isInteger(node) && node >= 0 && node < size)) {
      throw new EngineError(`${path}: expected nodes from 0 to below ${size}`);
    }
    if (name === 'ways') return this.tapeWays(trace)[way[0]];
    const nodes = way.map((node) => this.nodes(trace.graph, node, 1));
    switch (name) {
      case 'data': return nodes[0].data[0];
      case 'grad': return nodes[0].grad[0];
      case 'left': return nodes[0].leftLocalGrad[0];
      case 'right': return nodes[0].rightLocalGrad[0];
      case 'way': return nodes.slice(1).reduce((product, _, i) => product * slope(nodes[i], way[i + 1], path), 1);
      default: throw new EngineError(`${path}: expected data[i], grad[i], left[i], right[i], ways[i], way[i,...], ops[op] or nodes`);
    }
  }

  private tapeWays(trace: Held): Float64Array {
    if (trace.ways) return trace.ways;
    const nodes = this.nodes(trace.graph, 0, this.wasm.call('graph_size', trace.graph));
    trace.ways = new Float64Array(nodes.op.length);
    trace.ways[nodes.op.length - 1] = 1;
    for (let i = nodes.op.length - 1; i >= 0; --i) {
      for (const child of childrenOf(nodes, i)) trace.ways[child] += trace.ways[i];
    }
    return trace.ways;
  }

  numericalGradient(request: TraceRequest, parameter: string, eps: number): Float64Array {
    const { wasm } = this;
    return this.withChanges(request, (model) => this.withTraceOptions(request, (tokens, count, options) => {
      const { i, rows, cols } = this.parameterPlace(model, parameter);
      return wasm.scratch(8 * rows * cols, (out) => {
        wasm.check('numerical_gradient', model, tokens, count, options, i, eps, out);
        return wasm.doubles(out, rows * cols);
      });
    }));
  }

  losses(requests: TraceRequest[]): Float64Array {
    const { wasm } = this;
    return Float64Array.from(requests, (request) => this.withChanges(request, (model) =>
      this.withTraceOptions(request, (tokens, count, options) => wasm.scratch(8, (out) => {
        wasm.check('loss', model, tokens, count, options, out);
        return wasm.f64(out);
      }))));
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
    const { parameters } = this.model(id);
    const slopes = parameters.map(({ data }) => new Float64Array(data.length));
    for (const { request, share } of kinds) {
      const trace = eps > 0 ? null : this.held({ ...request, backward: true });
      parameters.forEach(({ name }, i) => {
        const gradient = trace ? trace.traced[trace.index.get(name)!].grad! : this.numericalGradient(request, name, eps);
        gradient.forEach((slope, j) => { slopes[i][j] += share * slope; });
      });
    }
    parameters.forEach(({ name, data }, i) => this.setParameter(id, name, data.map((value, j) => value - learningRate * slopes[i][j])));
    const known = [...new Set(keys)];
    return Float64Array.from(keys, (key) => losses[known.indexOf(key)]);
  }

  // Expressions

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

  hurriedGraph(expression: string): ExpressionGraph {
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
      return { ...this.nodes(graph, 0, size), name, root, order: wasm.words(order, wasm.u32(out)) };
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

  // Sampling

  next(id: ModelId, prefix: string, temperature: number): NextToken {
    const { wasm } = this;
    const model = this.handle(id);
    const vocabSize = wasm.scratch(32, (config) => {
      wasm.check('model_config', model, config);
      return wasm.i32(config + 16);
    });
    const logits = wasm.withText(prefix, (text, size) => wasm.scratch(8 * vocabSize, (out) => {
      wasm.check('next_logits', model, text, size, out);
      return wasm.doubles(out, vocabSize);
    }));
    return wasm.scratch(16 * vocabSize + 8, (memory) => {
      const out = memory + 8 * vocabSize;
      logits.forEach((logit, i) => wasm.setF64(memory + 8 * i, logit));
      wasm.check('next_probs', memory, vocabSize, temperature, out, out + 8 * vocabSize);
      const probs = wasm.doubles(out, vocabSize);
      return { logits, probs, entropy: wasm.f64(out + 8 * vocabSize), likeliest: probs.indexOf(Math.max(...probs)) };
    });
  }

  sample(request: Sampling): string[] {
    const { wasm } = this;
    const model = this.handle(request.model);
    const sampler = wasm.withText('exact\0', (engine) => wasm.pointer('sampler_new', model, engine, BigInt(request.seed)));
    try {
      if (request.policy !== undefined) {
        this.withPolicy(model, request.policy, (constraint) => wasm.check('sampler_constrain', sampler, constraint, 0));
      }
      return Array.from({ length: request.count }, () => wasm.withText(request.prefix ?? '', (prefix, size) =>
        wasm.textOf('sample', sampler, prefix, size, request.temperature)));
    } finally {
      wasm.call('sampler_free', sampler);
    }
  }

  // Training

  private start(documents: string, settings: Settings): Run {
    const { wasm } = this;
    return wasm.scratch(96, (out) => {
      wasm.check('default_settings', settings.edition === 'first' ? 1 : 0, out);
      const set = (at: number, value: number | undefined) => {
        if (value !== undefined) wasm.setI32(out + at, value);
      };
      const setDouble = (at: number, value: number | undefined) => {
        if (value !== undefined) wasm.setF64(out + at, value);
      };
      const setLong = (at: number, value: number | undefined) => {
        if (value !== undefined) wasm.setU64(out + at, BigInt.asUintN(64, BigInt(value)));
      };
      const choice = (value: string | undefined, names: string[]) => (value === undefined ? undefined : names.indexOf(value));
      set(4, settings.nLayer);
      set(8, settings.nEmbd);
      set(12, settings.blockSize);
      set(16, settings.nHead);
      set(20, choice(settings.activation, ['relu', 'relu_squared']));
      setLong(24, settings.seed);
      setLong(32, settings.numSteps);
      setDouble(40, settings.learningRate);
      setDouble(48, settings.beta1);
      setDouble(56, settings.beta2);
      setDouble(64, settings.epsAdam);
      setDouble(72, settings.initStd);
      set(80, choice(settings.optimizer, ['adam', 'sgd']));
      set(84, choice(settings.schedule, ['linear', 'constant']));
      set(88, settings.batchSize);
      const numSteps = Number(wasm.view.getBigInt64(out + 32, true));
      const handle = wasm.withText(documents, (text, size) => wasm.withText('exact\0', (engine) =>
        wasm.pointer('training_new', text, size, out, engine)));
      return { handle, numSteps, stepsDone: 0 };
    });
  }

  private advance(run: Run, steps: number): Float64Array {
    const { wasm } = this;
    return wasm.scratch(8 * steps + 8, (losses) => {
      wasm.check('train', run.handle, steps, losses, losses + 8 * steps);
      const done = wasm.u32(losses + 8 * steps);
      run.stepsDone += done;
      return wasm.doubles(losses, done);
    });
  }

  private run(id: number): Run {
    const run = this.trainings.get(id);
    if (!run) throw new EngineError(`no such training: ${id}`);
    return run;
  }

  startTraining(documents: string, settings: Settings): Training {
    const run = this.start(documents, settings);
    const id = ++this.lastTraining;
    this.trainings.set(id, run);
    const { wasm } = this;
    const model = wasm.pointer('training_model', run.handle);
    try {
      return wasm.scratch(32, (config) => {
        wasm.check('model_config', model, config);
        return {
          id,
          numDocuments: wasm.call('training_num_documents', run.handle),
          vocabSize: wasm.i32(config + 16),
          numParams: wasm.u32(config + 28),
          numSteps: run.numSteps,
        };
      });
    } finally {
      wasm.call('model_free', model);
    }
  }

  train(id: number, steps: number): Float64Array {
    return this.advance(this.run(id), steps);
  }

  trainedModel(id: number, as: ModelId): ModelInfo {
    this.keep(as, this.wasm.pointer('training_model', this.run(id).handle));
    return this.model(as);
  }

  trainingDocument(id: number, i: number): string {
    return this.wasm.textOf('training_document', this.run(id).handle, i);
  }

  endTraining(id: number): void {
    this.wasm.call('training_free', this.run(id).handle);
    this.trainings.delete(id);
  }

  compareRuns(documents: string, a: Settings, b: Settings, steps: number): Parting {
    const runs: Run[] = [];
    const ids = ['compareRuns a', 'compareRuns b'];
    try {
      for (const settings of [a, b]) runs.push(this.start(documents, settings));
      const losses: number[][] = [[], []];
      const save = () => runs.forEach((run, i) => this.keep(ids[i], this.wasm.pointer('training_model', run.handle)));
      const same = (numbers: Float64Array[], others: Float64Array[]) => numbers.length === others.length
        && numbers.every((list, i) => list.length === others[i].length && list.every((x, j) => Object.is(x, others[i][j])));
      const parameters = (i: number) => this.parameterPlaces(this.wasmModel(ids[i]))
        .map(({ rows, cols, data }) => this.wasm.doubles(data, rows * cols));
      let parting: Omit<Parting, 'lossesA' | 'lossesB'> = { step: 0, path: '', phase: 'forward', a: 0, b: 0 };
      save();
      let before = [parameters(0), parameters(1)];
      let apart = !same(before[0], before[1]);
      for (let step = 1; step <= steps; ++step) {
        const made = runs.map((run) => this.advance(run, 1));
        if (made[0].length === 0 || made[1].length === 0) break;
        made.forEach((loss, i) => losses[i].push(loss[0]));
        if (parting.step > 0) continue;
        if (!apart && Object.is(made[0][0], made[1][0])) {
          // Not yet, unless the update makes the parameters differ: then they part in this step.
          const models = runs.map((run) => this.wasm.pointer('training_model', run.handle));
          const after = models.map((model) => this.parameterPlaces(model)
            .map(({ rows, cols, data }) => this.wasm.doubles(data, rows * cols)));
          apart = !same(after[0], after[1]);
          if (apart) parting = this.parting(ids, runs, [a, b], step);
          models.forEach((model, i) => this.keep(ids[i], model));
          before = after;
          continue;
        }
        apart = true;
        parting = this.parting(ids, runs, [a, b], step);
      }
      return { ...parting, lossesA: Float64Array.from(losses[0]), lossesB: Float64Array.from(losses[1]) };
    } finally {
      for (const run of runs) this.wasm.call('training_free', run.handle);
      for (const id of ids) this.drop(id);
    }
  }

  private wasmModel(id: ModelId): number {
    return this.models.get(id)!;
  }

  private drop(id: ModelId): void {
    const handle = this.models.get(id);
    if (handle !== undefined) this.wasm.call('model_free', handle);
    this.models.delete(id);
    this.changes.set(id, (this.changes.get(id) ?? 0) + 1);
  }

  /** The first number of a step that differs, given the models before it. */
  private parting(ids: string[], runs: Run[], settings: Settings[], step: number): Omit<Parting, 'lossesA' | 'lossesB'> {
    const { wasm } = this;
    const traces = runs.map((run, i) => {
      const count = wasm.call('training_num_documents', run.handle);
      const batch = settings[i].batchSize ?? 1;
      const text = wasm.textOf('training_document', run.handle, ((step - 1) * batch) % count);
      const rate = settings[i].learningRate ?? 0.01;
      const learningRate = settings[i].schedule === 'constant' ? rate : rate * (1 - (step - 1) / run.numSteps);
      const blockSize = wasm.scratch(32, (config) => {
        wasm.check('model_config', this.wasmModel(ids[i]), config);
        return wasm.i32(config + 8);
      });
      const tokens = this.encode(ids[i], text).slice(0, blockSize + 1);
      return this.held({ model: ids[i], tokens, backward: true, update: { step: step - 1, learningRate } });
    });
    const [a, b] = traces;
    const at = a.tokens.findIndex((token, i) => token !== b.tokens[i]);
    if (at >= 0 || a.tokens.length !== b.tokens.length) {
      const i = at >= 0 ? at : Math.min(a.tokens.length, b.tokens.length);
      return { step, path: `tokens[${i}]`, phase: 'data', a: a.tokens[i] ?? NaN, b: b.tokens[i] ?? NaN };
    }
    const compare = (
      i: number, phase: Parting['phase'], numbers: (traced: Traced) => Float64Array | null,
    ): Omit<Parting, 'lossesA' | 'lossesB'> | null => {
      const mine = a.traced[i];
      const others = b.traced[b.index.get(mine.name) ?? -1];
      const x = numbers(mine);
      const y = others && numbers(others);
      if (x === null) return null;
      const j = x.findIndex((value, k) => !y || !Object.is(value, y[k]));
      if (j < 0) return null;
      const path = this.path(a, i, j);
      return { step, path: phase === 'gradient' ? `grad(${path})` : path, phase, a: x[j], b: y ? y[j] : NaN };
    };
    const phaseOf = ({ name, parents }: Traced): Parting['phase'] => {
      if (name.startsWith('adam.')) return 'update';
      return parents.length === 0 && !name.startsWith('pos') ? 'parameter' : 'forward';
    };
    const order = a.traced.map((_, i) => i);
    for (const i of order) {
      const phase = phaseOf(a.traced[i]);
      const found = phase === 'update' ? null : compare(i, phase, ({ data }) => data);
      if (found) return found;
    }
    for (const i of [...order].reverse()) {
      const found = compare(i, 'gradient', ({ grad }) => grad);
      if (found) return found;
    }
    for (const i of order) {
      const found = phaseOf(a.traced[i]) === 'update' ? compare(i, 'update', ({ data }) => data) : null;
      if (found) return found;
    }
    return { step, path: 'loss', phase: 'update', a: NaN, b: NaN };
  }

  // Guardrails

  private withPolicy<T>(model: number, policy: string, f: (constraint: number) => T): T {
    const { wasm } = this;
    const constraint = wasm.withText(policy, (text, size) => wasm.pointer('constraint_forbid', model, text, size));
    try {
      return f(constraint);
    } finally {
      wasm.call('constraint_free', constraint);
    }
  }

  keepPolicy(name: string, policy: string): void {
    this.policies.delete(name);
    this.policies.set(name, policy);
    if (this.policies.size > KEPT_POLICIES) this.policies.delete(this.policies.keys().next().value!);
  }

  private guardValue(scheme: string, query: URLSearchParams, path: string): number {
    const model = query.get('model') ?? 'trained';
    const name = query.get('policy') ?? '';
    const policy = this.policies.get(name);
    if (policy === undefined) throw new EngineError(`no such policy: '${name}', expected one that was kept`);
    const guard = (query.get('guard') ?? 'certified') as Guard;
    const seed = Number(query.get('seed') ?? 1);
    const key = JSON.stringify([scheme, [...query], this.changes.get(model), policy]);
    if (this.guarded?.key !== key) {
      const prefix = query.get('prefix') ?? '';
      const asked = {
        policy: () => ({ ...this.checkPolicy(model, policy) }),
        audit: () => ({ ...this.audit(model, policy, [prefix], Number(query.get('prune') ?? 1e-4)).prefixes[0] }),
        bot: () => this.countLeaks(model, policy, guard, seed, prefix, Number(query.get('count') ?? 1)),
        grade: () => ({ ...this.grade(model, policy, guard, seed) }),
      }[scheme as 'policy'];
      this.guarded = { key, numbers: asked() };
    }
    const value = this.guarded.numbers[path];
    if (typeof value !== 'number') throw new EngineError(`${path}: no number of a ${scheme} source`);
    return value;
  }

  private countLeaks(
    id: ModelId, policy: string, guard: Guard, seed: number, prefix: string, count: number,
  ): Record<string, number> {
    const answers = this.bot(id, policy, guard, seed, new Array<string>(count).fill(prefix));
    const names = answers.filter(({ ok }) => ok).map(({ line }) => line.slice('OK: '.length));
    return {
      leaked: this.allowed(id, policy, names).filter((allowed) => !allowed).length,
      refused: count - names.length,
    };
  }

  allowed(id: ModelId, policy: string, names: string[]): boolean[] {
    const { wasm } = this;
    return this.withPolicy(this.handle(id), policy, (constraint) => names.map((name) =>
      wasm.withText(name, (text, size) => wasm.scratch(4, (out) => {
        wasm.check('constraint_allows', constraint, text, size, out);
        return wasm.i32(out) === 1;
      }))));
  }

  checkPolicy(id: ModelId, policy: string): { words: number; states: number } {
    const { wasm } = this;
    const words = wasm.withText(policy, (text, size) => wasm.scratch(4, (out) => {
      wasm.check('policy_num_words', text, size, out);
      return wasm.u32(out);
    }));
    const states = this.withPolicy(this.handle(id), policy, (constraint) => wasm.call('constraint_num_states', constraint));
    return { words, states };
  }

  allows(id: ModelId, policy: string, name: string): boolean {
    return this.allowed(id, policy, [name])[0];
  }

  private withBot<T>(id: ModelId, policy: string, guard: string, seed: number, f: (answer: (line: string) => string) => T): T {
    const { wasm } = this;
    const bot = wasm.withText(policy, (text, size) => wasm.pointer(
      'bot_new', this.handle(id), text, size, GUARDS.indexOf(guard), BOT_TEMPERATURE, BigInt(seed)));
    try {
      return f((line) => wasm.withText(line, (text, size) => wasm.textOf('bot_answer', bot, text, size)));
    } finally {
      wasm.call('bot_free', bot);
    }
  }

  bot(id: ModelId, policy: string, guard: Guard, seed: number, lines: string[]): BotAnswer[] {
    return this.withBot(id, policy, guard, seed, (answer) => lines.map((request) => {
      const line = answer(request);
      return { line, ok: line.startsWith('OK:') };
    }));
  }

  audit(id: ModelId, policy: string, prefixes: string[], prune: number): AuditReport {
    const { wasm } = this;
    const begin = performance.now();
    const audit = wasm.withText(policy, (text, size) => wasm.withText(prefixes.join('\n'), (lines, linesSize) =>
      wasm.pointer('audit_new', this.handle(id), text, size, lines, linesSize, BOT_TEMPERATURE, prune)));
    try {
      return wasm.scratch(40, (out) => ({
        prefixes: Array.from({ length: wasm.call('audit_num_prefixes', audit) }, (_, i) => {
          wasm.check('audit_prefix', audit, i, out);
          return {
            prefix: wasm.text(wasm.u32(out)),
            low: wasm.f64(out + 16),
            high: wasm.f64(out + 24),
            witness: wasm.text(wasm.u32(out + 36)),
            refused: wasm.i32(out + 32) === 1,
          };
        }),
        words: Array.from({ length: wasm.call('audit_num_words', audit) }, (_, i) => {
          wasm.check('audit_word', audit, i, out);
          return {
            word: wasm.text(wasm.u32(out)),
            low: wasm.f64(out + 8),
            high: wasm.f64(out + 16),
            witness: wasm.text(wasm.u32(out + 24)),
          };
        }),
        seconds: (performance.now() - begin) / 1000,
      }));
    } finally {
      wasm.call('audit_free', audit);
    }
  }

  grade(id: ModelId, policy: string, guard: Guard, seed: number): GradeReport {
    const { wasm } = this;
    const hidden = 2;
    const requests = 2000; // as microgpt grade has it
    const grader = wasm.withText(policy, (text, size) => wasm.pointer('grader_new', text, size, BigInt(seed), hidden, requests));
    try {
      for (let sheet = 0; sheet < wasm.call('grader_num_sheets', grader); ++sheet) {
        const words = wasm.textOf('grader_words', grader, sheet);
        const lines = wasm.textOf('grader_input', grader, sheet).split('\n');
        const output = this.withBot(id, words, guard, seed, (answer) => lines.map(answer).join('\n'));
        wasm.withText(`${output}\n`, (text, size) => wasm.check('grader_judge', grader, sheet, text, size));
      }
      return wasm.scratch(40, (out) => {
        wasm.check('grader_points', grader, out, out + 32);
        const [benign, adversarial, output, clarity, total] = wasm.doubles(out, 5);
        const cases = Array.from({ length: wasm.call('grader_num_cases', grader) }, (_, i) => {
          wasm.check('grader_case', grader, i, out);
          const [group, , what, , , fault, request, expected, got] = wasm.words(out, 9);
          const why = wasm.text(fault);
          return {
            group: GROUPS[group],
            request: wasm.text(request) || wasm.text(what),
            answer: wasm.text(got),
            ok: why === '',
            why: why === '' ? '' : `${why}: expected ${wasm.text(expected)}`,
          };
        });
        return { benign, adversarial, output, clarity, total, cases };
      });
    } finally {
      wasm.call('grader_free', grader);
    }
  }
}

/** The children of node i, each once. */
function childrenOf({ op, left, right }: Nodes, i: number): number[] {
  if (op[i] === '') return [];
  return op[i] !== '+' && op[i] !== '*' || left[i] === right[i] ? [left[i]] : [left[i], right[i]];
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
