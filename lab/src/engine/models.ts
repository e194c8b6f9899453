// The models that the engine holds, by name.
import { EngineError } from './types';
import type { Change, ModelId, ModelInfo } from './types';
import type { Wasm } from './wasm';

/** A microgpt_config. */
export function readConfig(wasm: Wasm, model: number): Omit<ModelInfo, 'tokens' | 'parameters'> {
  return wasm.scratch(32, (config) => {
    wasm.check('model_config', model, config);
    const [nLayer, nEmbd, blockSize, nHead, vocabSize, , bos, numParams] = wasm.words(config, 8);
    return { nLayer, nEmbd, blockSize, nHead, vocabSize, bos, numParams };
  });
}

/** A parameter in the engine's memory. */
interface Place {
  name: string;
  rows: number;
  cols: number;
  data: number;
}

export class Models {
  private readonly handles = new Map<ModelId, number>();
  private readonly changes = new Map<ModelId, number>(); // of each: how often it became another

  constructor(readonly wasm: Wasm, private readonly makeUntrained: () => number) {}

  keep(id: ModelId, handle: number): void {
    const old = this.handles.get(id);
    if (old !== undefined) this.wasm.call('model_free', old);
    this.handles.set(id, handle);
    this.changes.set(id, (this.changes.get(id) ?? 0) + 1);
  }

  handle(id: ModelId): number {
    const known = this.handles.get(id);
    if (known !== undefined) return known;
    if (id === 'toy') this.keep(id, this.wasm.pointer('model_toy'));
    else if (id === 'untrained') this.keep(id, this.makeUntrained());
    else throw new EngineError(`no such model: '${id}', expected toy, untrained or a registered one`);
    return this.handles.get(id)!;
  }

  /** A text that is another one whenever the model is. */
  version(id: ModelId): string {
    return `${id} ${this.changes.get(id) ?? 0}`;
  }

  register(id: ModelId, modelJson: string): ModelInfo {
    this.keep(id, this.wasm.withText(modelJson, (text, size) => this.wasm.pointer('model_parse', text, size)));
    return this.info(id);
  }

  info(id: ModelId): ModelInfo {
    const handle = this.handle(id);
    const { wasm } = this;
    const config = readConfig(wasm, handle);
    const tokens = Array.from({ length: config.vocabSize }, (_, token) => wasm.tokenText(handle, token));
    const parameters = this.parameterPlaces(handle)
      .map(({ name, rows, cols, data }) => ({ name, rows, cols, data: wasm.doubles(data, rows * cols) }));
    return { ...config, tokens, parameters };
  }

  private parameterPlaces(handle: number): Place[] {
    const { wasm } = this;
    const count = wasm.call('model_num_parameters', handle);
    return wasm.scratch(16, (out) => Array.from({ length: count }, (_, i) => {
      wasm.check('model_parameter', handle, i, out);
      const [name, rows, cols, data] = wasm.words(out, 4);
      return { name: wasm.text(name), rows, cols, data };
    }));
  }

  parameterPlace(handle: number, name: string): Place & { i: number } {
    const places = this.parameterPlaces(handle);
    const i = places.findIndex((place) => place.name === name);
    if (i < 0) {
      throw new EngineError(`no such parameter: '${name}', expected one of ${places.map((p) => p.name).join(', ')}`);
    }
    return { i, ...places[i] };
  }

  json(id: ModelId): string {
    return this.wasm.textOf('model_json', this.handle(id));
  }

  setParameter(id: ModelId, name: string, data: Float64Array): void {
    const { rows, cols, data: place } = this.parameterPlace(this.handle(id), name);
    if (data.length !== rows * cols) {
      throw new EngineError(`${name}: expected ${rows * cols} numbers, got ${data.length}`);
    }
    new Float64Array(this.wasm.memory.buffer, place, data.length).set(data);
    this.changes.set(id, (this.changes.get(id) ?? 0) + 1);
  }

  encode(id: ModelId, text: string): number[] {
    const { wasm } = this;
    const handle = this.handle(id);
    const room = new TextEncoder().encode(text).length + 2;
    return wasm.withText(text, (pointer, size) => wasm.scratch(4 * room + 4, (out) => {
      wasm.check('encode', handle, pointer, size, out + 4, room, out);
      return [...wasm.words(out + 4, wasm.u32(out))];
    }));
  }

  /** f() while some parameters of a model are others. */
  withChanges<T>(id: ModelId, changes: Change[], f: (handle: number) => T): T {
    const handle = this.handle(id);
    const { wasm } = this;
    const old: { at: number; value: number }[] = [];
    try {
      for (const { path, value } of changes) {
        const [name, ...indices] = path.split(/[[\]]+/).filter((part) => part !== '');
        const { rows, cols, data } = this.parameterPlace(handle, name);
        const [row, col] = indices.map(Number);
        if (!(row < rows && col < cols)) {
          throw new EngineError(`'${path}' is no parameter, expected ${name}[0..${rows - 1}][0..${cols - 1}]`);
        }
        const at = data + 8 * (row * cols + col);
        old.push({ at, value: wasm.f64(at) });
        wasm.setF64(at, value);
      }
      return f(handle);
    } finally {
      for (const { at, value } of old.reverse()) wasm.setF64(at, value);
    }
  }
}
