// The engine as the page sees it: in a worker, or in the page where it was opened as a file.
import { WorkerConnection, remote } from './connection';
import type { Connection } from './connection';
import { WasmEngine } from './engine';

/** The engine in a worker. The files lie beside the page. */
export function connect(): Connection {
  const place = (file: string) => new URL(file, document.baseURI).href;
  const newWorker = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new WorkerConnection(newWorker, { wasm: place('microgpt.wasm'), model: place('model.json'), names: place('names.txt') });
}

/** The engine in the page itself: one opened as a file has no workers, and may fetch nothing. */
export function inPage(code: Uint8Array<ArrayBuffer>, model: string, names: string): Connection {
  const made = WasmEngine.instantiate(code, { names }).then((engine) => {
    engine.register('trained', model);
    return engine;
  });
  made.catch(() => {}); // whoever waits for `ready` is told
  const engine = remote(async (method, args) => {
    const target = (await made) as unknown as Record<string, (...args: unknown[]) => unknown>;
    await new Promise((resolve) => setTimeout(resolve)); // the page draws what it has before this
    return target[method](...args);
  });
  return { engine, ready: made.then(() => {}) };
}
