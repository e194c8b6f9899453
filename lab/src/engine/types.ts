// What the page may ask of the engine. Everything here is data that a worker can send.

/** 'toy', 'untrained' (names, seed 42, step 0), 'trained' (the shipped model), or a registered id. */
export type ModelId = string;

export interface Parameter {
  name: string; // "layer0.attn_wq"
  rows: number;
  cols: number;
  data: Float64Array; // row by row
}

export interface ModelInfo {
  nLayer: number;
  nEmbd: number;
  blockSize: number;
  nHead: number;
  vocabSize: number;
  bos: number;
  numParams: number;
  tokens: string[]; // text of each token, '' for BOS; a byte is the character of its number
  parameters: Parameter[]; // in the order of state_dict
}

/** A parameter that is replaced before a trace: what a slider does. */
export interface Change {
  path: string; // "wte[2][0]"
  value: number;
}

/** One step of a model on one document. */
export interface TraceRequest {
  model: ModelId;
  /** Letters of the document, without BOS; or token ids with BOS as the trace is to see them. */
  text?: string;
  tokens?: number[];
  /** Toy only: keys and values of positions 0 and 1 as the walkthrough prints them. `tokens` are
   *  then those from position 2 on: [b, target]. */
  printedCache?: boolean;
  /** Decimals that each number is rounded to as it is made, as by hand. */
  round?: number;
  backward?: boolean;
  /** Adam's update too, as in this step (counted from 0). */
  update?: { step: number; learningRate: number };
  changes?: Change[];
}

export interface Traced {
  name: string; // "pos2.layer0.head0.weights"
  shape: number[]; // []: one number
  data: Float64Array;
  grad: Float64Array | null;
  formula: string; // in microgpt.py's names
  parents: string[]; // names
  file: string; // of this project; '' for what was given
  line: number;
  pythonLine: number; // of microgpt.py
  pythonFunction: string;
}

export interface Trace {
  tokens: number[];
  traced: Traced[]; // in the order in which they were made, parameters first
}

/** All about one number. */
export interface Card {
  source: string; // see sources.ts
  title: string; // "pos2.layer0.q[0]"
  value: number;
  text: string; // 17 digits
  formula: string; // in names; '' for what was given
  numbers: string; // the same with numbers filled in
  parents: { source: string; title: string; value: number }[];
  users: { source: string; title: string; value: number }[];
  grad: number | null;
  gradFormula: string;
  gradNumbers: string;
  file: string;
  line: number;
  pythonLine: number;
  pythonFunction: string;
}

/** Every operation on two numbers, in columns; children stand before what is made of them. */
export interface Nodes {
  op: ('' | '+' | '*' | '**' | 'log' | 'exp' | 'relu')[];
  data: Float64Array;
  grad: Float64Array;
  left: Uint32Array; // the node itself where it has no child
  right: Uint32Array;
  leftLocalGrad: Float64Array;
  rightLocalGrad: Float64Array;
  exponent: Float64Array;
}

export interface ExpressionGraph extends Nodes {
  name: string[]; // '' where it has none
  root: number;
  order: Uint32Array; // microgpt.py's topo; backward takes it from the end
}

/** One node of a step's tape, with its neighbours. */
export interface TapeNode {
  node: number;
  op: string;
  data: number;
  grad: number;
  name: string; // path, '' where it has none of its own
  source: string; // of its card; '' where it has no name
  children: { node: number; op: string; data: number; grad: number; localGrad: number; name: string }[];
  parents: { node: number; op: string; data: number; grad: number; name: string }[];
}

export interface Settings {
  edition?: 'final' | 'first';
  nLayer?: number;
  nEmbd?: number;
  blockSize?: number;
  nHead?: number;
  activation?: 'relu' | 'relu2';
  seed?: number;
  numSteps?: number;
  learningRate?: number;
  beta1?: number;
  beta2?: number;
  epsAdam?: number;
  initStd?: number;
  optimizer?: 'adam' | 'sgd';
  schedule?: 'linear' | 'constant';
  batchSize?: number;
  gradAccum?: number;
  tokens?: 'codepoint' | 'grapheme' | 'byte';
}

export interface Training {
  id: number;
  numDocuments: number;
  vocabSize: number;
  numParams: number;
  numSteps: number;
}

export interface Sampling {
  model: ModelId;
  seed: number | bigint;
  temperature: number;
  count: number;
  prefix?: string;
  /** Text of a policy file that no sample may break, if guarded. */
  policy?: string;
}

export interface NextToken {
  logits: Float64Array;
  probs: Float64Array; // softmax(logits / temperature)
  entropy: number; // bits
  likeliest: number; // token id
}

/** Where two trainings part: the first number that they don't share. */
export interface Parting {
  step: number; // counted from 1; 0: they never part
  path: string;
  stage: 'tokens' | 'parameters' | 'forward' | 'loss' | 'gradients' | 'update';
  a: number; // NaN in a training that has no such number
  b: number;
  lossesA: Float64Array;
  lossesB: Float64Array;
}

export type Guard = 'certified' | 'resample' | 'off';

export interface BotAnswer {
  line: string; // the whole answer: "OK: kamon" or "REFUSE: ..."
  ok: boolean;
}

/** How likely an unsafe name is: an interval where not all beginnings were followed. */
export interface AuditReport {
  prefixes: { prefix: string; low: number; high: number; witness: string; refused: boolean }[];
  words: { word: string; low: number; high: number; witness: string }[];
  seconds: number;
}

export interface GradeReport {
  benign: number; // of 40
  adversarial: number; // of 40
  output: number; // of 10
  clarity: number; // of 10
  total: number;
  cases: { group: string; request: string; answer: string; ok: boolean; why: string }[];
}

/** Thrown by every method for bad input: the engine's own message. */
export class EngineError extends Error {}

/** Runs in the worker, in Node while the page is built, and in the page where it is opened as a file. */
export interface Engine {
  version(): string;
  memory(): number; // bytes that the engine holds

  register(id: ModelId, modelJson: string): ModelInfo;
  model(id: ModelId): ModelInfo;
  modelJson(id: ModelId): string;
  clone(from: ModelId, to: ModelId): void;
  setParameter(id: ModelId, name: string, data: Float64Array): void;
  encode(id: ModelId, text: string): number[];

  trace(request: TraceRequest): Trace;
  /** Of any source (sources.ts). */
  value(source: string): number;
  card(source: string): Card;
  tapeSize(request: TraceRequest): { nodes: number; named: number; root: number };
  tapeNodes(request: TraceRequest, from: number, count: number): Nodes;
  tapeNode(request: TraceRequest, node: number): TapeNode;
  /** The nodes of all that has a name, in the order of Trace.traced. */
  tapeNames(request: TraceRequest): { name: string; shape: number[]; nodes: Uint32Array }[];
  /** By central differences, of the loss by each element of one parameter. */
  numericalGradient(request: TraceRequest, parameter: string, eps: number): Float64Array;
  /** The loss of each request. */
  losses(requests: TraceRequest[]): Float64Array;
  /** One step of gradient descent on the mean loss of requests to one model: each of its parameters
   *  moves by -learningRate times its gradient, by backward, or by central differences if eps is
   *  above 0. Answers the losses before the step. */
  descend(requests: TraceRequest[], learningRate: number, eps?: number): Float64Array;

  /** "L = a*b + a; a = 2; b = 3". turns: how far the backward pass goes; all of it by default. */
  graph(expression: string, turns?: number): ExpressionGraph;
  /** With the wrong gradients that a recursive backward pass without that order leaves. */
  hurriedGraph(expression: string): ExpressionGraph;
  /** Values of named nodes for many settings of some leaves: values[i][j] is name j under settings i. */
  evaluate(expression: string, leaves: string[], settings: Float64Array, names: string[]): Float64Array;

  next(id: ModelId, prefix: string, temperature: number): NextToken;
  sample(request: Sampling): string[];

  startTraining(documents: string, settings: Settings): Training;
  train(id: number, steps: number): Float64Array; // losses
  trainedModel(id: number, as: ModelId): ModelInfo;
  endTraining(id: number): void;
  compareRuns(documents: string, a: Settings, b: Settings, steps: number): Parting;

  /** Keeps the text of a policy for sources that name it. The last thirty or so are kept. */
  keepPolicy(name: string, policy: string): void;
  /** Which names a policy has nothing against. */
  allowed(id: ModelId, policy: string, names: string[]): boolean[];
  checkPolicy(id: ModelId, policy: string): { words: number; states: number };
  bot(id: ModelId, policy: string, guard: Guard, seed: number,
      lines: string[]): BotAnswer[];
  audit(id: ModelId, policy: string, prefixes: string[], prune: number): AuditReport;
  grade(id: ModelId, policy: string, guard: Guard, seed: number): GradeReport;
}

/** The same, asked from the page: every answer is a promise. */
export type RemoteEngine = {
  [M in keyof Engine]: (...args: Parameters<Engine[M]>) => Promise<ReturnType<Engine[M]>>;
};
