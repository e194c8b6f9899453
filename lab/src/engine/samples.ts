// What a model writes.
import type { Guards } from './guards';
import { readConfig } from './models';
import type { Models } from './models';
import { EngineError } from './types';
import type { ModelId, NextToken, Sampling } from './types';
import { seedOf } from './wasm';
import type { Wasm } from './wasm';

export class Samples {
  private readonly wasm: Wasm;

  constructor(private readonly models: Models, private readonly guards: Guards) {
    this.wasm = models.wasm;
  }

  next(id: ModelId, prefix: string, temperature: number): NextToken {
    const { wasm } = this;
    const model = this.models.handle(id);
    const { vocabSize } = readConfig(wasm, model);
    return wasm.withText(prefix, (text, size) => wasm.scratch(16 * vocabSize + 8, (logits) => {
      const probs = logits + 8 * vocabSize;
      const entropy = probs + 8 * vocabSize;
      wasm.check('next_logits', model, text, size, logits);
      wasm.check('next_probs', logits, vocabSize, temperature, probs, entropy);
      const made = wasm.doubles(probs, vocabSize);
      return {
        logits: wasm.doubles(logits, vocabSize), probs: made, entropy: wasm.f64(entropy),
        likeliest: made.indexOf(Math.max(...made)),
      };
    }));
  }

  /** Of a source: "probs[3]", "logits[3]" or "entropy". */
  value(query: URLSearchParams, path: string): number {
    const next = this.next(query.get('model') ?? 'trained', query.get('prefix') ?? '', Number(query.get('t') ?? 1));
    if (path === 'entropy') return next.entropy;
    const parts = /^(probs|logits)\[(\d+)\]$/.exec(path);
    const value = parts ? next[parts[1] as 'probs' | 'logits'][Number(parts[2])] : undefined;
    if (value === undefined) throw new EngineError(`${path}: expected probs[i], logits[i] or entropy`);
    return value;
  }

  sample(request: Sampling): string[] {
    const { wasm } = this;
    const model = this.models.handle(request.model);
    const sampler = wasm.withText('exact\0', (engine) => wasm.pointer('sampler_new', model, engine, seedOf(request.seed)));
    try {
      if (request.policy !== undefined) {
        this.guards.withPolicy(model, request.policy, (constraint) => wasm.check('sampler_constrain', sampler, constraint, 0));
      }
      return Array.from({ length: request.count }, () => wasm.withText(request.prefix ?? '', (prefix, size) =>
        wasm.textOf('sample', sampler, prefix, size, request.temperature)));
    } finally {
      wasm.call('sampler_free', sampler);
    }
  }
}
