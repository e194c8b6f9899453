// The engine over the C interface: include/microgpt/c_api.h, whose structs are read here by offset.
import { expressionCard, nodeNamed } from './expression';
import { Expressions } from './expressions';
import { Guards } from './guards';
import { Models } from './models';
import { Samples } from './samples';
import { parseSource, sceneOf } from './sources';
import type { Source } from './sources';
import { Tapes } from './tapes';
import { Traces } from './traces';
import { Trainings } from './trainings';
import { EngineError } from './types';
import type {
  AuditReport, BotAnswer, Card, Engine, ExpressionGraph, GradeReport, Guard, ModelId, ModelInfo, NextToken,
  Nodes, Parting, Sampling, Settings, TapeNode, Trace, TraceRequest, Training,
} from './types';
import { Wasm } from './wasm';

export interface EngineOptions {
  /** The embedded names, one a line: what 'untrained' and run sources learn from. */
  names?: string;
}

export class WasmEngine implements Engine {
  private readonly trainings: Trainings;
  private readonly models: Models;
  private readonly traces: Traces;
  private readonly tapes: Tapes;
  private readonly expressions: Expressions;
  private readonly guards: Guards;
  private readonly samples: Samples;

  constructor(private readonly wasm: Wasm, options: EngineOptions = {}) {
    this.trainings = new Trainings(wasm, options.names ?? '');
    this.models = new Models(wasm, () => this.trainings.untrained());
    this.traces = new Traces(this.models);
    this.tapes = new Tapes(this.traces);
    this.expressions = new Expressions(wasm);
    this.guards = new Guards(this.models);
    this.samples = new Samples(this.models, this.guards);
  }

  static async instantiate(code: BufferSource | WebAssembly.Module, options: EngineOptions = {}): Promise<WasmEngine> {
    return new WasmEngine(await Wasm.load(code), options);
  }

  /** The embedded names may come later than the engine. */
  set names(names: string) {
    this.trainings.names = names;
  }

  version(): string {
    return this.wasm.text(this.wasm.call('version'));
  }

  memory(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  // Models

  register(id: ModelId, modelJson: string): ModelInfo {
    return this.models.register(id, modelJson);
  }

  model(id: ModelId): ModelInfo {
    return this.models.info(id);
  }

  modelJson(id: ModelId): string {
    return this.models.json(id);
  }

  clone(from: ModelId, to: ModelId): void {
    this.models.register(to, this.models.json(from));
  }

  setParameter(id: ModelId, name: string, data: Float64Array): void {
    this.models.setParameter(id, name, data);
  }

  encode(id: ModelId, text: string): number[] {
    return this.models.encode(id, text);
  }

  // Sources

  value(text: string): number {
    const source = parseSource(text);
    const { scheme, query, path } = source;
    const scene = sceneOf(source);
    if (scene) return this.traces.number(scene);
    const graph = this.expressions.of(source);
    if (graph) return (source.grad ? graph.grad : graph.data)[nodeNamed(graph, path)];
    switch (scheme) {
      case 'run': return this.trainings.loss(Number(query.get('seed') ?? 42), Number(query.get('steps')), path);
      case 'next': return this.samples.value(query, path);
      case 'tape': return this.tapes.value(query, path);
      case 'policy': case 'audit': case 'bot': case 'grade': return this.guards.value(scheme, query, path);
      default: throw new EngineError(`not a source: ${text}`);
    }
  }

  card(text: string): Card {
    const source = parseSource(text);
    const scene = sceneOf(source);
    return scene ? this.traces.card(text, scene) : this.plainCard(text, source);
  }

  /** Of a run or a next token, which have no names but their own, or of an expression. */
  private plainCard(text: string, source: Source): Card {
    const { path, grad } = source;
    const value = this.value(text);
    const card: Card = {
      source: text, title: grad ? `grad(${path})` : path, value, text: String(value), formula: '', numbers: '',
      parents: [], users: [], grad: null, gradFormula: '', gradNumbers: '', file: '', line: 0, pythonLine: 0,
      pythonFunction: '',
    };
    const graph = this.expressions.of(source);
    if (graph) expressionCard(card, graph, nodeNamed(graph, path), grad);
    return card;
  }

  // Traces and tapes

  trace(request: TraceRequest): Trace {
    return this.traces.trace(request);
  }

  tapeSize(request: TraceRequest): { nodes: number; named: number; root: number } {
    return this.tapes.size(request);
  }

  tapeNodes(request: TraceRequest, from: number, count: number): Nodes {
    return this.tapes.nodes(request, from, count);
  }

  tapeNode(request: TraceRequest, node: number): TapeNode {
    return this.tapes.node(request, node);
  }

  tapeNames(request: TraceRequest): { name: string; shape: number[]; nodes: Uint32Array }[] {
    return this.tapes.names(request);
  }

  numericalGradient(request: TraceRequest, parameter: string, eps: number): Float64Array {
    return this.traces.numericalGradient(request, parameter, eps);
  }

  losses(requests: TraceRequest[]): Float64Array {
    return this.traces.losses(requests);
  }

  descend(requests: TraceRequest[], learningRate: number, eps = 0): Float64Array {
    return this.traces.descend(requests, learningRate, eps);
  }

  // Expressions

  graph(expression: string, turns?: number): ExpressionGraph {
    return this.expressions.graph(expression, turns);
  }

  hurriedGraph(expression: string): ExpressionGraph {
    return this.expressions.hurried(expression);
  }

  evaluate(expression: string, leaves: string[], settings: Float64Array, names: string[]): Float64Array {
    return this.expressions.evaluate(expression, leaves, settings, names);
  }

  // Sampling and training

  next(id: ModelId, prefix: string, temperature: number): NextToken {
    return this.samples.next(id, prefix, temperature);
  }

  sample(request: Sampling): string[] {
    return this.samples.sample(request);
  }

  startTraining(documents: string, settings: Settings): Training {
    return this.trainings.start(documents, settings);
  }

  train(id: number, steps: number): Float64Array {
    return this.trainings.train(id, steps);
  }

  trainedModel(id: number, as: ModelId): ModelInfo {
    this.models.keep(as, this.trainings.model(id));
    return this.models.info(as);
  }

  endTraining(id: number): void {
    this.trainings.end(id);
  }

  compareRuns(documents: string, a: Settings, b: Settings, steps: number): Parting {
    return this.trainings.compare(documents, a, b, steps);
  }

  // Guardrails

  keepPolicy(name: string, policy: string): void {
    this.guards.keep(name, policy);
  }

  allowed(id: ModelId, policy: string, names: string[]): boolean[] {
    return this.guards.allowed(id, policy, names);
  }

  checkPolicy(id: ModelId, policy: string): { words: number; states: number } {
    return this.guards.check(id, policy);
  }

  bot(id: ModelId, policy: string, guard: Guard, seed: number, lines: string[]): BotAnswer[] {
    return this.guards.bot(id, policy, guard, seed, lines);
  }

  audit(id: ModelId, policy: string, prefixes: string[], prune: number): AuditReport {
    return this.guards.audit(id, policy, prefixes, prune);
  }

  grade(id: ModelId, policy: string, guard: Guard, seed: number): GradeReport {
    return this.guards.grade(id, policy, guard, seed);
  }
}
