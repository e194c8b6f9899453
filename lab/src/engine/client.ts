// The engine as the page sees it: in a worker, or in the page where it was opened as a file.
import { EngineError } from './types';
import type { Engine, RemoteEngine } from './types';
import { WasmEngine } from './engine';
import { KEPT_POLICIES } from './guards';
import { Recent } from './recent';
import type { Answer, Places, Request } from './worker';

/** What the engine was told, to be told again. */
interface Told {
  method: keyof Engine;
  args: unknown[];
}

export interface Connection {
  engine: RemoteEngine;
  /** Fails where the engine can't be had at all. */
  ready: Promise<void>;
}

/** An engine whose every method is `ask`. */
function remote(ask: (method: keyof Engine, args: unknown[]) => Promise<unknown>): RemoteEngine {
  return new Proxy({}, {
    get: (_, method) => (typeof method === 'string' && method !== 'then'
      ? (...args: unknown[]) => ask(method as keyof Engine, args) : undefined),
  }) as RemoteEngine;
}

class WorkerConnection implements Connection {
  readonly engine = remote((method, args) => this.ask(method, args));
  readonly ready: Promise<void>;
  private worker: Worker;
  private readonly places: Places;
  private readonly waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  // For the next worker: models, and as many policies as the engine keeps.
  private readonly models = new Map<string, Told>();
  private readonly policies = new Recent<Told>(KEPT_POLICIES);
  private last = 0;

  constructor(places: Places) {
    this.places = places;
    this.worker = this.start();
    this.ready = this.wait(0) as Promise<void>;
    this.ready.catch(() => {}); // whoever waits for it is told
  }

  private start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (worker === this.worker) this.take(data);
    };
    worker.onerror = (event) => {
      if (worker === this.worker) this.restart(event.message || 'the worker could not be started');
    };
    worker.postMessage(this.places);
    return worker;
  }

  private wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private ask(method: keyof Engine, args: unknown[]): Promise<unknown> {
    const id = ++this.last;
    const answer = this.wait(id);
    this.worker.postMessage({ id, method, args } satisfies Request);
    const keep = { register: this.models, keepPolicy: this.policies }[method as 'register'];
    if (keep) void answer.then(() => keep.set(args[0] as string, { method, args }), () => {});
    return answer;
  }

  private take({ id, result, error, fatal }: Answer): void {
    const asked = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) {
      asked?.resolve(result);
      return;
    }
    asked?.reject(new EngineError(fatal && id > 0 ? stopped(error) : error));
    if (fatal && id > 0) this.restart(error);
  }

  /** Nobody waits in vain; models and policies that were kept are kept again, trainings are lost. */
  private restart(why: string): void {
    this.worker.terminate();
    const lost = [...this.waiting.values()];
    const wasReady = !this.waiting.has(0);
    this.waiting.clear();
    for (const { reject } of lost) reject(new EngineError(stopped(why)));
    if (!wasReady) return; // the next one would not start either
    this.worker = this.start();
    for (const again of [...this.models.values(), ...this.policies.values()]) {
      this.worker.postMessage({ id: ++this.last, ...again } satisfies Request);
    }
  }
}

function stopped(why: string): string {
  return `the engine stopped and was started again (${why}); trainings that ran are lost`;
}

/** The engine in a worker. The files lie beside the page. */
export function connect(): Connection {
  const place = (file: string) => new URL(file, document.baseURI).href;
  return new WorkerConnection({ wasm: place('microgpt.wasm'), model: place('model.json'), names: place('names.txt') });
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
