// A source says where a number on the page comes from, so that its card can be opened, a test can
// ask the engine for it again, and a link can carry it.
//
//   toy#pos2.layer0.q[0]                 'b' at position 2, cache as printed, target BOS
//   computed#pos2.layer0.q[0]            the same with the cache that the toy computes
//   real?text=emma#pos1.logits[3]        the shipped model on a document
//   toy?token=a&round=2#pos2.probs[0]    options: see TraceOptions
//   toy?model=mine&token=a#pos2.probs[0] another model of the toy's shape
//   toy#grad(wte[2][0])                  a gradient of the loss
//   expr:L=a*b%2Ba;a=2;b=3#grad(a)       a named number of an expression
//   backward?turns=2&of=L%3Da*b;a%3D2;b%3D3#grad(a)   the same after so many turns of the backward pass;
//                                        turns=hurried: after one without topological order
//   run?steps=5&seed=42#loss[5]          a training on the embedded names; steps count from 1
//   next?model=trained&prefix=em&t=0.7#probs[0]   also logits[i], entropy
//   tape?text=emma#data[43892]           a node of a step's tape; also grad[i], and of what was computed
//                                        left[i], right[i]: its slopes by its children; ways[i]: how
//                                        many ways lead to it from the loss; way[43894,43892]: the
//                                        product of slopes along one; nodes; ops[+]: how many of them
//   policy?policy=mine#words             of a policy that was kept (Engine.keepPolicy); also states
//   audit?policy=mine&prefix=pea&prune=0.0001#low   also high
//   bot?policy=mine&guard=off&seed=1&prefix=pea&count=100#leaked   also refused: answers of 100
//   grade?policy=mine&guard=off&seed=7#total   also benign, adversarial, output, clarity
import type { TraceRequest } from './types';

/** What stands behind '?' for the three scenes toy, computed and real. */
export interface TraceOptions {
  token?: string; // toy, computed: BOS, a, b or c at position 2
  target?: string; // toy, computed: what should follow
  text?: string; // real: the document; toy: a whole one
  model?: string; // another registered model
  round?: number;
  set?: Record<string, number>; // set=wte[2][0]:0.5,wte[2][1]:-1
}

export interface TraceSource {
  scene: (typeof SCENES)[number];
  options: TraceOptions;
  path: string;
  grad: boolean;
}

const SCENES = ['toy', 'computed', 'real'] as const;

export const TOY_TOKENS = ['BOS', 'a', 'b', 'c'];

function optionsText(options: TraceOptions): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (key === 'set') {
      parts.set(key, Object.entries(value as Record<string, number>).map(([path, to]) => `${path}:${to}`).join(','));
    } else {
      parts.set(key, String(value));
    }
  }
  const text = parts.toString();
  return text === '' ? '' : `?${text}`;
}

export function traceSource(scene: TraceSource['scene'], path: string, options: TraceOptions = {}): string {
  return `${scene}${optionsText(options)}#${path}`;
}

export function gradSource(scene: TraceSource['scene'], path: string, options: TraceOptions = {}): string {
  return traceSource(scene, `grad(${path})`, options);
}

export function expressionSource(expression: string, name: string): string {
  return `expr:${encodeURIComponent(expression)}#${name}`;
}

export function backwardSource(expression: string, turns: number | 'hurried', name: string): string {
  return `backward?${new URLSearchParams({ turns: String(turns), of: expression })}#grad(${name})`;
}

export function runSource(step: number, seed = 42): string {
  return `run?steps=${step}&seed=${seed}#loss[${step}]`;
}

export function nextSource(model: string, prefix: string, temperature: number, name: string): string {
  return `next${optionsText({ model, ...({ prefix, t: temperature } as object) } as TraceOptions)}#${name}`;
}

export function tapeSource(path: string, options: TraceOptions = {}): string {
  return `tape${optionsText(options)}#${path}`;
}

/** Of a kept policy: scheme 'policy', 'audit', 'bot' or 'grade', and what it is asked for. */
export function guardSource(scheme: string, options: Record<string, string | number>, name: string): string {
  return `${scheme}${optionsText(options as TraceOptions)}#${name}`;
}

/** The trace that a scene stands for. Throws for a token that is none. */
export function traceRequest(scene: TraceSource['scene'], options: TraceOptions = {}): TraceRequest {
  const changes = Object.entries(options.set ?? {}).map(([path, value]) => ({ path, value }));
  const common = { backward: true, round: options.round, changes };
  if (scene === 'real') {
    return { ...common, model: options.model ?? 'trained', text: options.text ?? 'emma' };
  }
  const model = options.model ?? 'toy';
  if (options.text !== undefined) return { ...common, model, text: options.text };
  const token = toyToken(options.token ?? 'b');
  const target = toyToken(options.target ?? 'BOS');
  return scene === 'toy'
    ? { ...common, model, tokens: [token, target], printedCache: true }
    : { ...common, model, tokens: [0, 1, token, target] };
}

function toyToken(name: string): number {
  const token = TOY_TOKENS.indexOf(name);
  if (token < 0) throw new Error(`no such token: ${name}, expected BOS, a, b or c`);
  return token;
}

/** A source in its parts. */
export interface Source {
  scheme: string;
  query: URLSearchParams;
  expression: string; // of scheme 'expr'
  path: string;
  grad: boolean; // of the number at that path
}

/** Splits a source. Throws for one of another form. */
export function parseSource(source: string): Source {
  const hash = source.lastIndexOf('#');
  const head = source.slice(0, hash);
  let path = source.slice(hash + 1);
  const grad = path.startsWith('grad(') && path.endsWith(')');
  if (grad) path = path.slice(5, -1);
  if (hash <= 0 || path === '') throw new Error(`not a source: ${source}`);
  if (head.startsWith('expr:')) {
    return { scheme: 'expr', query: new URLSearchParams(), expression: decodeURIComponent(head.slice(5)), path, grad };
  }
  const [scheme, query] = head.split('?', 2);
  return { scheme, query: new URLSearchParams(query ?? ''), expression: '', path, grad };
}

/** What a source names of a scene's trace; null for another source. */
export function sceneOf({ scheme, query, path, grad }: Source): TraceSource | null {
  const scene = SCENES.find((one) => one === scheme);
  return scene ? { scene, options: traceOptions(query), path, grad } : null;
}

export function traceOptions(query: URLSearchParams): TraceOptions {
  const options: TraceOptions = {};
  for (const key of ['token', 'target', 'text', 'model'] as const) {
    if (query.has(key)) options[key] = query.get(key)!;
  }
  if (query.has('round')) options.round = Number(query.get('round'));
  if (query.has('set')) {
    options.set = Object.fromEntries(query.get('set')!.split(',').map((part) => {
      const colon = part.lastIndexOf(':');
      return [part.slice(0, colon), Number(part.slice(colon + 1))];
    }));
  }
  return options;
}
