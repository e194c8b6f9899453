// The library as WebAssembly: its memory, its texts, and errors as EngineError. Nothing here or in
// engine.ts knows a page, so that both run in a worker, in Node and in a page opened as a file.
import { EngineError } from './types';

type Call = (...args: (number | bigint)[]) => number;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const MOST_INT32 = 2n ** 31n - 1n;
export const MOST_INT64 = 2n ** 63n - 1n;
export const MOST_UINT64 = 2n ** 64n - 1n;

/** A number that C takes as an integer, of 0 to `most`. */
export function integer(name: string, value: number | bigint, most: bigint): bigint {
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : -1n;
  if (whole < 0n || whole > most) throw new EngineError(`${name}: expected an integer from 0 to ${most}, got ${value}`);
  return whole;
}

/** Of Python's generator. */
export function seedOf(seed: number | bigint): bigint {
  return integer('seed', seed, MOST_UINT64);
}

export class Wasm {
  readonly memory: WebAssembly.Memory;
  private readonly exports: Record<string, unknown>;
  private views: DataView | null = null;

  private constructor(instance: WebAssembly.Instance) {
    this.exports = instance.exports;
    this.memory = instance.exports.memory as WebAssembly.Memory;
  }

  static async load(code: BufferSource | WebAssembly.Module): Promise<Wasm> {
    const module = code instanceof WebAssembly.Module ? code : await WebAssembly.compile(code);
    let wasm: Wasm | null = null;
    const instance = await WebAssembly.instantiate(module, {
      wasi_snapshot_preview1: wasi(module, () => wasm!),
    });
    wasm = new Wasm(instance);
    (instance.exports._initialize as () => void)();
    return wasm;
  }

  /** A function of c_api.h, without its prefix. Pointers, sizes and ints are numbers, 64 bits a bigint. */
  call(name: string, ...args: (number | bigint)[]): number {
    return (this.exports[`microgpt_${name}`] as Call)(...args);
  }

  /** One that returns 0, or -1 and an error. */
  check(name: string, ...args: (number | bigint)[]): void {
    if (this.call(name, ...args) !== 0) this.fail();
  }

  /** One that returns a pointer, or 0 and an error. */
  pointer(name: string, ...args: (number | bigint)[]): number {
    const pointer = this.call(name, ...args) >>> 0;
    if (pointer === 0) this.fail();
    return pointer;
  }

  private fail(): never {
    throw new EngineError(this.text(this.call('last_error')));
  }

  /** Memory that f may use; it is given back when f is done, and is zero at first. */
  scratch<T>(bytes: number, f: (pointer: number) => T): T {
    const pointer = (this.exports.malloc as Call)(Math.max(bytes, 8)) >>> 0;
    if (pointer === 0) throw new EngineError('out of memory');
    this.bytes(pointer, bytes).fill(0);
    try {
      return f(pointer);
    } finally {
      (this.exports.free as Call)(pointer);
    }
  }

  /** f(pointer, size) of a text in UTF-8. */
  withText<T>(text: string, f: (pointer: number, size: number) => T): T {
    const bytes = encoder.encode(text);
    return this.scratch(bytes.length, (pointer) => {
      this.bytes(pointer, bytes.length).set(bytes);
      return f(pointer, bytes.length);
    });
  }

  /** What a function hands out that writes the size of a text to its last argument. */
  textOf(name: string, ...args: (number | bigint)[]): string {
    return this.withBytesOf((bytes) => decoder.decode(bytes), name, ...args);
  }

  /** The text of a token, '' for BOS. A byte is the character of its number, as in model.json. */
  tokenText(model: number, token: number): string {
    return this.withBytesOf(
      (bytes) => (bytes.length === 1 ? String.fromCharCode(bytes[0]) : decoder.decode(bytes)), 'token_text', model, token);
  }

  private withBytesOf<T>(f: (bytes: Uint8Array) => T, name: string, ...args: (number | bigint)[]): T {
    return this.scratch(4, (size) => {
      const pointer = this.pointer(name, ...args, size);
      return f(this.bytes(pointer, this.u32(size)));
    });
  }

  // Growing memory takes all views of it away: they are made anew where they are used.

  get view(): DataView {
    if (this.views === null || this.views.buffer !== this.memory.buffer) {
      this.views = new DataView(this.memory.buffer);
    }
    return this.views;
  }

  bytes(pointer: number, size: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, size);
  }

  u32(pointer: number): number {
    return this.view.getUint32(pointer, true);
  }

  i32(pointer: number): number {
    return this.view.getInt32(pointer, true);
  }

  f64(pointer: number): number {
    return this.view.getFloat64(pointer, true);
  }

  setU32(pointer: number, value: number): void {
    this.view.setUint32(pointer, value, true);
  }

  setI32(pointer: number, value: number): void {
    this.view.setInt32(pointer, value, true);
  }

  setF64(pointer: number, value: number): void {
    this.view.setFloat64(pointer, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.view.setBigUint64(pointer, value, true);
  }

  /** Copies of what lies in memory. */
  doubles(pointer: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, pointer, count).slice();
  }

  words(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, pointer, count).slice();
  }

  /** Up to the NUL. */
  text(pointer: number): string {
    const bytes = new Uint8Array(this.memory.buffer, pointer);
    return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
  }
}

/** What the C library asks of its system: only what it prints when it aborts, and that is told. */
function wasi(module: WebAssembly.Module, wasm: () => Wasm): Record<string, Call> {
  const kNotSupported = 52;
  const calls: Record<string, Call> = {
    proc_exit: (code) => {
      throw new Error(`microgpt.wasm: ended with ${code}`);
    },
    fd_write: (_file, vectors, count, written) => {
      const { view } = wasm();
      let size = 0;
      let text = '';
      for (let i = 0; i < Number(count); ++i) {
        const at = Number(vectors) + 8 * i;
        const length = view.getUint32(at + 4, true);
        text += decoder.decode(wasm().bytes(view.getUint32(at, true), length));
        size += length;
      }
      console.error(text);
      view.setUint32(Number(written), size, true);
      return 0;
    },
  };
  const imports: Record<string, Call> = {};
  for (const { name } of WebAssembly.Module.imports(module)) {
    imports[name] = calls[name] ?? (() => kNotSupported);
  }
  return imports;
}
