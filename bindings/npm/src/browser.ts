// In a page.
import * as api from './api';
import type { Engine, WorkerEngine } from './api';

export { EngineError } from './api';
export type * from './api';

async function code(): Promise<ArrayBuffer> {
  const url = new URL('./microgpt.wasm', import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

/** The engine in this thread: a method answers when it is done. */
export function load(): Promise<Engine> {
  return api.instantiate(code());
}

/** The engine in a worker: every method answers with a promise. */
export function loadInWorker(): Promise<WorkerEngine> {
  return api.connect(code(), () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
}
