// Named numbers of an expression, each with its source.
import type { RemoteEngine } from '../../engine/types';
import { expressionSource } from '../../engine/sources';

export class Named {
  private readonly values: Map<string, number>;

  constructor(readonly expression: string, values: Map<string, number>) {
    this.values = values;
  }

  value(name: string): number {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`${name}: not in the expression`);
    return value;
  }

  source(name: string): string {
    return expressionSource(this.expression, name);
  }

  one(name: string) {
    return { source: this.source(name), value: this.value(name) };
  }
}

export async function askNamed(engine: RemoteEngine, expression: string): Promise<Named> {
  const graph = await engine.graph(expression);
  return new Named(expression, new Map(graph.name.flatMap((name, i) => (name === '' ? [] : [[name, graph.data[i]] as const]))));
}
