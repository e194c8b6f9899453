// The engine in another thread, or in this one, behind promises.
import { EngineError } from './types';
import type { Engine, RemoteEngine } from './types';
import { KEPT_POLICIES } from './guards';
import { Recent } from './recent';
import type { Answer, Places, Request } from './worker';

const CLOSED = 'the engine was closed';

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
export function remote(ask: (method: keyof Engine, args: unknown[]) => Promise<unknown>): RemoteEngine {
  return new Proxy({}, {
    get: (_, method) => (typeof method === 'string' && method !== 'then'
      ? (...args: unknown[]) => ask(method as keyof Engine, args) : undefined),
  }) as RemoteEngine;
}

/** Of a worker that runs worker.ts. */
export class WorkerConnection implements Connection {
  readonly engine = remote((method, args) => this.ask(method, args));
  readonly ready: Promise<void>;
  private worker: Worker;
  private readonly waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  // For the next worker: models, and as many policies as the engine keeps.
  private readonly models = new Map<string, Told>();
  private readonly policies = new Recent<Told>(KEPT_POLICIES);
  private last = 0;
  private closed = false;

  constructor(private readonly newWorker: () => Worker, private readonly places: Places) {
    this.worker = this.start();
    this.ready = this.wait(0) as Promise<void>;
    this.ready.catch(() => {}); // whoever waits for it is told
  }

  /** Ends the worker: whoever waits is told so. */
  close(): void {
    this.closed = true;
    this.worker.terminate();
    this.lose(CLOSED);
  }

  private start(): Worker {
    const worker = this.newWorker();
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
    if (this.closed) return Promise.reject(new EngineError(CLOSED));
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
    const wasReady = !this.waiting.has(0);
    this.lose(stopped(why));
    if (!wasReady) return; // the next one would not start either
    this.worker = this.start();
    for (const again of [...this.models.values(), ...this.policies.values()]) {
      this.worker.postMessage({ id: ++this.last, ...again } satisfies Request);
    }
  }

  private lose(message: string): void {
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of lost) reject(new EngineError(message));
  }
}

function stopped(why: string): string {
  return `the engine stopped and was started again (${why}); trainings that ran are lost`;
}
