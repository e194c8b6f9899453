// In Node, whose workers are spoken to in other words than a page's.
import { readFile } from 'node:fs/promises';
import { Worker as NodeWorker } from 'node:worker_threads';
import * as api from './api';
import type { Engine, WorkerEngine } from './api';

export { EngineError } from './api';

function code(): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(new URL('./microgpt.wasm', import.meta.url));
}

/** A worker in a page's words, as far as WorkerConnection uses them. */
function newWorker(): Worker {
  const worker = new NodeWorker(new URL('./node-worker.js', import.meta.url));
  const spoken = {
    onmessage: (_event: { data: unknown }) => {},
    onerror: (_error: Error) => {},
    postMessage: (message: unknown) => worker.postMessage(message),
    terminate: () => void worker.terminate(),
  };
  worker.on('message', (data) => spoken.onmessage({ data }));
  worker.on('error', (error) => spoken.onerror(error));
  return spoken as unknown as Worker;
}

export function load(): Promise<Engine> {
  return api.instantiate(code());
}

export function loadInWorker(): Promise<WorkerEngine> {
  return api.connect(code(), newWorker);
}
