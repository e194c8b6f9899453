// A model and the library in one module, with what src/export/gpt.js.in has. `microgpt export --to
// wasm` puts the two constants before it.
import { WasmEngine } from './engine/engine';

declare const MODEL_JSON: { config: object };
declare const WASM_BASE64: string;

const code = Uint8Array.from(atob(WASM_BASE64), (letter) => letter.charCodeAt(0));
const engine = await WasmEngine.instantiate(code);
const model = 'model';

export const { config } = MODEL_JSON;

export const { tokens } = engine.register(model, JSON.stringify(MODEL_JSON));

export function encode(text: string): number[] {
  return engine.encode(model, text).slice(1, -1);
}

export function logits(prefix = ''): number[] {
  return [...engine.next(model, prefix, 1).logits];
}

export function probs(prefix = '', temperature = 1): number[] {
  return [...engine.next(model, prefix, temperature).probs];
}

export function sample({ n = 20, temperature = 0.5, seed = 42 as number | bigint, prefix = '' } = {}): string[] {
  return engine.sample({ model, seed, temperature, count: n, prefix });
}
