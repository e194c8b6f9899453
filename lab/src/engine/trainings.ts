// Trainings that are under way, and two of them side by side.
import { readConfig } from './models';
import { Recent } from './recent';
import { EngineError } from './types';
import type { Parting, Settings, Training } from './types';
import { integer, MOST_INT32, MOST_INT64, MOST_UINT64 } from './wasm';
import type { Wasm } from './wasm';

const KEPT_RUNS = 4; // that sources ask about
const STAGES: Parting['stage'][] = ['tokens', 'parameters', 'forward', 'loss', 'gradients', 'update'];

// microgpt_settings of c_api.h: where its members lie.
const SETTINGS_SIZE = 104;
const INTS = { nLayer: 4, nEmbd: 8, blockSize: 12, nHead: 16, batchSize: 88, gradAccum: 92 };
const LONGS = { seed: 24, numSteps: 32 };
const DOUBLES = { learningRate: 40, beta1: 48, beta2: 56, epsAdam: 64, initStd: 72 };
const CHOICES: Record<'activation' | 'optimizer' | 'schedule' | 'tokens', { at: number; values: string[] }> = {
  activation: { at: 20, values: ['relu', 'relu2'] },
  optimizer: { at: 80, values: ['adam', 'sgd'] },
  schedule: { at: 84, values: ['linear', 'constant'] },
  tokens: { at: 96, values: ['codepoint', 'grapheme', 'byte'] },
};

interface Run {
  handle: number;
  numSteps: number;
}

export class Trainings {
  private readonly runs = new Map<number, Run>();
  private last = 0;
  private readonly asked = new Recent<{ run: Run; losses: number[] }>(KEPT_RUNS, ({ run }) =>
    this.wasm.call('training_free', run.handle)); // by seed

  /** names: the embedded ones, one a line; may come later than the engine. */
  constructor(private readonly wasm: Wasm, public names: string) {}

  start(documents: string, settings: Settings): Training {
    const run = this.begin(documents, settings);
    const id = ++this.last;
    this.runs.set(id, run);
    const { wasm } = this;
    const model = this.model(id);
    try {
      const { vocabSize, numParams } = readConfig(wasm, model);
      return { id, numDocuments: wasm.call('training_num_documents', run.handle), vocabSize, numParams, numSteps: run.numSteps };
    } finally {
      wasm.call('model_free', model);
    }
  }

  train(id: number, steps: number): Float64Array {
    return this.advance(this.run(id), steps);
  }

  /** A model of its own: whoever asks frees it. */
  model(id: number): number {
    return this.wasm.pointer('training_model', this.run(id).handle);
  }

  end(id: number): void {
    this.wasm.call('training_free', this.run(id).handle);
    this.runs.delete(id);
  }

  /** The model of a training on the embedded names that has not begun. */
  untrained(): number {
    const run = this.begin(this.needNames(), {});
    try {
      return this.wasm.pointer('training_model', run.handle);
    } finally {
      this.wasm.call('training_free', run.handle);
    }
  }

  /** Of a training on the embedded names: "loss[5]". */
  loss(seed: number, steps: number, path: string): number {
    const step = Number(/^loss\[(\d+)\]$/.exec(path)?.[1]);
    if (!(step >= 1 && step <= steps)) throw new EngineError(`${path}: expected loss[1] to loss[${steps}]`);
    if (!Number.isSafeInteger(seed)) throw new EngineError(`seed: expected a whole number, got ${seed}`);
    const { run, losses } = this.asked.get(`${seed}`)
      ?? this.asked.set(`${seed}`, { run: this.begin(this.needNames(), { seed }), losses: [] });
    if (losses.length < step) losses.push(...this.advance(run, step - losses.length));
    if (losses.length < step) throw new EngineError(`${path}: the run has ${losses.length} steps`);
    return losses[step - 1];
  }

  /** Both on the same documents; two more trainings find where they part. */
  compare(documents: string, a: Settings, b: Settings, steps: number): Parting {
    const { wasm } = this;
    const [lossesA, lossesB] = [a, b].map((settings) => this.losses(documents, settings, steps));
    return this.withSettings(a, (inA) => this.withSettings(b, (inB) => wasm.withText(documents, (text, size) =>
      wasm.withText('exact\0', (engine) => {
        const diff = wasm.pointer('diff_new', text, size, inA, inB, engine, integer('steps', steps, MOST_INT32));
        try {
          return { ...this.parting(diff), lossesA, lossesB };
        } finally {
          wasm.call('diff_free', diff);
        }
      }))));
  }

  private parting(diff: number): Omit<Parting, 'lossesA' | 'lossesB'> {
    const { wasm } = this;
    return wasm.scratch(32, (out) => {
      wasm.check('diff_first', diff, out);
      const step = wasm.u32(out);
      const path = step === 0 ? '' : wasm.text(wasm.u32(out + 12));
      return { step, stage: STAGES[wasm.i32(out + 8)], path, a: wasm.f64(out + 16), b: wasm.f64(out + 24) };
    });
  }

  private losses(documents: string, settings: Settings, steps: number): Float64Array {
    const run = this.begin(documents, settings);
    try {
      return this.advance(run, steps);
    } finally {
      this.wasm.call('training_free', run.handle);
    }
  }

  private needNames(): string {
    if (this.names === '') throw new EngineError('the engine was given no names to learn from');
    return this.names;
  }

  private run(id: number): Run {
    const run = this.runs.get(id);
    if (!run) throw new EngineError(`no such training: ${id}`);
    return run;
  }

  /** f with a microgpt_settings in memory. */
  private withSettings<T>(settings: Settings, f: (pointer: number) => T): T {
    const { wasm } = this;
    return wasm.scratch(SETTINGS_SIZE, (out) => {
      wasm.check('default_settings', settings.edition === 'first' ? 1 : 0, out);
      for (const [name, at] of Object.entries(INTS)) {
        const value = settings[name as keyof typeof INTS];
        if (value !== undefined) wasm.setI32(out + at, Number(integer(name, value, MOST_INT32)));
      }
      for (const [name, at] of Object.entries(LONGS)) {
        const value = settings[name as keyof typeof LONGS];
        if (value !== undefined) wasm.setU64(out + at, integer(name, value, name === 'seed' ? MOST_UINT64 : MOST_INT64));
      }
      for (const [name, at] of Object.entries(DOUBLES)) {
        const value = settings[name as keyof typeof DOUBLES];
        if (value !== undefined) wasm.setF64(out + at, value);
      }
      for (const [name, { at, values }] of Object.entries(CHOICES)) {
        const value = settings[name as keyof typeof CHOICES];
        if (value === undefined) continue;
        if (!values.includes(value)) throw new EngineError(`${name}: expected ${values.join(', ')}, got '${value}'`);
        wasm.setI32(out + at, values.indexOf(value));
      }
      return f(out);
    });
  }

  private begin(documents: string, settings: Settings): Run {
    const { wasm } = this;
    return this.withSettings(settings, (given) => ({
      handle: wasm.withText(documents, (text, size) => wasm.withText('exact\0', (engine) =>
        wasm.pointer('training_new', text, size, given, engine))),
      numSteps: Number(wasm.view.getBigInt64(given + 32, true)),
    }));
  }

  private advance(run: Run, most: number): Float64Array {
    const { wasm } = this;
    const steps = Math.min(Number(integer('steps', most, MOST_INT32)), run.numSteps);
    return wasm.scratch(8 * steps + 8, (losses) => {
      wasm.check('train', run.handle, steps, losses, losses + 8 * steps);
      return wasm.doubles(losses, wasm.u32(losses + 8 * steps));
    });
  }
}
