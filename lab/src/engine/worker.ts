// The engine in a worker: receives {id, method, args}, answers {id, result} or {id, error}.
import { WasmEngine } from './engine';
import type { Engine } from './types';

export interface Request {
  id: number;
  method: keyof Engine;
  args: unknown[];
}

/** fatal: the engine itself broke, so that another has to be started. */
export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
  fatal?: boolean;
}

/** What the worker is told first: where its files are. What is left out it does without. */
export interface Places {
  wasm: string | BufferSource;
  model?: string;
  names?: string;
}

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response;
}

async function make(places: Places): Promise<WasmEngine> {
  const { wasm, model: modelFile } = places;
  const [code, model] = await Promise.all([
    typeof wasm === 'string' ? fetched(wasm).then((response) => response.arrayBuffer()) : wasm,
    modelFile === undefined ? undefined : fetched(modelFile).then((response) => response.text()),
  ]);
  const engine = await WasmEngine.instantiate(code);
  if (model !== undefined) engine.register('trained', model);
  return engine;
}

/** Whether a question can't be answered without the embedded names: about a run, or the first parameters. */
function asksForNames(args: unknown[]): boolean {
  return /\brun\?|\bstart\?|untrained/.test(JSON.stringify(args));
}

let names: Promise<void> | null = null;

/** The names are fetched when they are first asked for: the first view does without. */
function bringNames(target: WasmEngine, url: string): Promise<void> {
  names ??= fetched(url).then((response) => response.text()).then((text) => {
    target.names = text;
  }).catch((error) => {
    names = null; // who asks later may be luckier
    throw error;
  });
  return names;
}

/** The buffers of an answer, which are sent away and not copied. */
function buffersOf(value: unknown, found: Set<Transferable> = new Set()): Set<Transferable> {
  if (ArrayBuffer.isView(value)) {
    found.add(value.buffer as ArrayBuffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}

let engine: Promise<WasmEngine> | null = null;
let places: Places | null = null;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Request | Places>) => void) | null;
  postMessage(message: Answer, transfer?: Transferable[]): void;
};

scope.onmessage = async ({ data }) => {
  if (!('method' in data)) {
    places = data;
    engine = make(data);
    engine.then(
      () => scope.postMessage({ id: 0 }),
      (error: unknown) => scope.postMessage({ id: 0, error: messageOf(error), fatal: true }),
    );
    return;
  }
  try {
    const made = await engine!;
    const { names: namesFile } = places!;
    if (namesFile !== undefined && asksForNames(data.args)) await bringNames(made, namesFile);
    const target = made as unknown as Record<string, (...args: unknown[]) => unknown>;
    const result = target[data.method](...data.args);
    scope.postMessage({ id: data.id, result }, [...buffersOf(result)]);
  } catch (error) {
    scope.postMessage({ id: data.id, error: messageOf(error), fatal: isFatal(error) });
  }
};

/** A trap, or a stack that ran out in the midst of the engine: what it left is not to be trusted. */
function isFatal(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || (error instanceof RangeError && /call stack/i.test(error.message));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
