// The toy's numbers by name, each with its source.
import type { RemoteEngine, Trace, Traced } from '../../engine/types';
import { gradSource, traceRequest, traceSource, type TraceOptions } from '../../engine/sources';

export type SceneName = 'toy' | 'computed';

export interface Shown {
  path: string;
  value: number;
  source: string;
}

export class Scene {
  private readonly made: Map<string, Traced>;

  constructor(readonly name: SceneName, readonly options: TraceOptions, trace: Trace) {
    this.made = new Map(trace.traced.map((one) => [one.name, one]));
  }

  /** Throws: no such name. */
  at(name: string): Traced {
    const one = this.made.get(name);
    if (!one) throw new Error(`${name}: not in this trace`);
    return one;
  }

  /** All numbers of a name, row by row. */
  numbers(name: string): Shown[] {
    const { data } = this.at(name);
    return this.paths(name).map((path, i) => ({ path, value: data[i], source: traceSource(this.name, path, this.options) }));
  }

  /** The gradient of the loss by each of them. */
  gradients(name: string): Shown[] {
    const { grad } = this.at(name);
    return this.paths(name).map((path, i) => ({ path, value: grad?.[i] ?? NaN, source: gradSource(this.name, path, this.options) }));
  }

  private paths(name: string): string[] {
    const { shape, data } = this.at(name);
    return Array.from(data, (_, i) => {
      if (shape.length === 0) return name;
      if (shape.length === 1) return `${name}[${i}]`;
      return `${name}[${Math.floor(i / shape[1])}][${i % shape[1]}]`;
    });
  }
}

export async function askScene(engine: RemoteEngine, name: SceneName, options: TraceOptions = {}): Promise<Scene> {
  return new Scene(name, options, await engine.trace(traceRequest(name, options)));
}
