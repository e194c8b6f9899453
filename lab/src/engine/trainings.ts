// Trainings that are under way, and two of them side by side.
import { readConfig } from './models';
import { Recent } from './recent';
import { EngineError } from './types';
import type { Parting, Settings, Training } from './types';
import type { Wasm } from './wasm';

const KEPT_RUNS = 4; // that sources ask about
const STAGES: Parting['stage'][] = ['tokens', 'parameters', 'forward', 'loss', 'gradients', 'update'];

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
        const diff = wasm.pointer('diff_new', text, size, inA, inB, engine, BigInt(steps));
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
    return wasm.scratch(96, (out) => {
      wasm.check('default_settings', settings.edition === 'first' ? 1 : 0, out);
      const set = (at: number, value: number | undefined) => {
        if (value !== undefined) wasm.setI32(out + at, value);
      };
      const setDouble = (at: number, value: number | undefined) => {
        if (value !== undefined) wasm.setF64(out + at, value);
      };
      const setLong = (at: number, value: number | undefined) => {
        if (value !== undefined) wasm.setU64(out + at, BigInt.asUintN(64, BigInt(value)));
      };
      const choice = (value: string | undefined, names: string[]) => (value === undefined ? undefined : names.indexOf(value));
      set(4, settings.nLayer);
      set(8, settings.nEmbd);
      set(12, settings.blockSize);
      set(16, settings.nHead);
      set(20, choice(settings.activation, ['relu', 'relu_squared']));
      setLong(24, settings.seed);
      setLong(32, settings.numSteps);
      setDouble(40, settings.learningRate);
      setDouble(48, settings.beta1);
      setDouble(56, settings.beta2);
      setDouble(64, settings.epsAdam);
      setDouble(72, settings.initStd);
      set(80, choice(settings.optimizer, ['adam', 'sgd']));
      set(84, choice(settings.schedule, ['linear', 'constant']));
      set(88, settings.batchSize);
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

  private advance(run: Run, steps: number): Float64Array {
    const { wasm } = this;
    return wasm.scratch(8 * steps + 8, (losses) => {
      wasm.check('train', run.handle, steps, losses, losses + 8 * steps);
      return wasm.doubles(losses, wasm.u32(losses + 8 * steps));
    });
  }
}
