// What the package is made of: the lab's engine, which knows no page.
import { WorkerConnection } from '../../../lab/src/engine/connection';
import { WasmEngine } from '../../../lab/src/engine/engine';
import type { Engine, RemoteEngine } from '../../../lab/src/engine/types';

export { EngineError } from '../../../lab/src/engine/types';
export type * from '../../../lab/src/engine/types';

/** The engine in a worker. */
export interface WorkerEngine {
  engine: RemoteEngine;
  /** Ends the worker. In Node, it keeps the process alive until then. */
  close(): void;
}

export async function instantiate(code: Promise<BufferSource>): Promise<Engine> {
  return WasmEngine.instantiate(await code);
}

export async function connect(code: Promise<BufferSource>, newWorker: () => Worker): Promise<WorkerEngine> {
  const connection = new WorkerConnection(newWorker, { wasm: await code });
  await connection.ready;
  return { engine: connection.engine, close: () => connection.close() };
}
