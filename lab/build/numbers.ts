// Numbers of the text. Those of a step come from the native program and are compared with what
// WebAssembly computes; all others the engine computes here.
import { execFileSync } from 'node:child_process';
import type { Engine } from '../src/engine/types';
import { parseSource, traceOptions, traceRequest } from '../src/engine/sources';
import { format, grouped } from '../src/components/number';
import { escape } from './markdown';

interface NativeTrace {
  traced: { name: string; shape: number[]; data: number | unknown[]; grad?: number | unknown[] }[];
}

/** How far native and WebAssembly may be apart: their libm's last bits differ. */
const TOLERANCE = 1e-12;

export class Numbers {
  private native = new Map<string, NativeTrace>();

  constructor(private engine: Engine, private program: string, private modelFile: string) {}

  /** HTML of what stands between {{ and }}: SOURCE|DIGITS, or SOURCE for a whole number. */
  html(inside: string): string {
    const bar = inside.lastIndexOf('|');
    const source = readable(bar < 0 ? inside : inside.slice(0, bar));
    const digits = bar < 0 ? 0 : Number(inside.slice(bar + 1));
    if (!Number.isInteger(digits) || digits < 0 || digits > 17) throw new Error(`{{${inside}}}: digits must be 0 to 17`);
    const elements = this.elements(source);
    if (elements === null) return number(source, this.value(source), digits);
    // A bracket is never alone at the end or the beginning of a line.
    const all = elements.map((one) => number(one, this.value(one), digits));
    const together = (html: string) => `<span class="together">${html}</span>`;
    if (all.length <= 3) return together(`[${all.join(', ')}]`);
    return `${together(`[${all[0]},`)} ${all.slice(1, -1).map((one) => together(`${one},`)).join(' ')} ${together(`${all.at(-1)}]`)}`;
  }

  /** Sources of a whole vector's numbers; null for one number. */
  private elements(source: string): string[] | null {
    const { scheme, query, path, grad } = parseSource(source);
    if (!['toy', 'computed', 'real'].includes(scheme)) return null;
    const request = traceRequest(scheme as 'toy', traceOptions(query));
    const [, name, indices] = /^(.*?)((?:\[\d+\])*)$/.exec(path)!;
    const one = this.engine.trace(request).traced.find((traced) => traced.name === name);
    const given = (indices.match(/\[/g) ?? []).length;
    if (!one || one.shape.length === given) return null;
    if (one.shape.length > given + 1) throw new Error(`${source}: a matrix; a row of it can be shown`);
    const head = source.slice(0, source.lastIndexOf('#') + 1);
    return Array.from({ length: one.shape[given] }, (_, i) => head + (grad ? `grad(${path}[${i}])` : `${path}[${i}]`));
  }

  value(source: string): number {
    const here = this.engine.value(source);
    const native = this.nativeValue(source);
    if (native !== null && !(Math.abs(native - here) <= TOLERANCE * Math.max(1, Math.abs(native)))) {
      throw new Error(`${source}: ${here} here, ${native} in the native program`);
    }
    return native ?? here;
  }

  /** From the program's own report; null for what it does not report. */
  private nativeValue(source: string): number | null {
    const { scheme, query, path, grad } = parseSource(source);
    const options = traceOptions(query);
    const plain = Object.keys(options).every((key) => key === 'text');
    if (!['toy', 'computed', 'real'].includes(scheme) || !plain) return null;
    const text = options.text ?? (scheme === 'real' ? 'emma' : 'ab');
    const model = scheme === 'real' ? this.modelFile : 'toy';
    const cache = scheme === 'toy' && options.text === undefined ? ['--cache', 'printed'] : [];
    const command = ['trace', model, text, '--backward', '--json', ...cache];
    const key = command.join(' ');
    if (!this.native.has(key)) {
      this.native.set(key, JSON.parse(execFileSync(this.program, command, { encoding: 'utf8', maxBuffer: 1 << 28 })));
    }
    const [, name, indices] = /^(.*?)((?:\[\d+\])*)$/.exec(path)!;
    const one = this.native.get(key)!.traced.find((traced) => traced.name === name);
    if (!one) return null;
    let value: unknown = grad ? one.grad : one.data;
    const flat = Array.isArray(value) && !Array.isArray(value[0]);
    const at = [...indices.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
    if (flat) value = (value as number[])[at.reduce((sum, i, k) => sum * (one.shape[k] ?? 1) + i, 0)];
    else for (const i of at) value = (value as unknown[])[i];
    return typeof value === 'number' ? value : null;
  }
}

/** Expressions are written as people write them: "expr:0.5*0.4 + 1" is expr:ENCODED#NAME. */
function readable(source: string): string {
  if (!source.startsWith('expr:')) return source;
  const hash = source.lastIndexOf('#');
  const expression = hash < 0 ? source.slice(5) : source.slice(5, hash);
  return hash < 0 ? `expr:${encodeURIComponent(`answer = ${expression}`)}#answer` : `expr:${encodeURIComponent(expression)}#${source.slice(hash + 1)}`;
}

function number(source: string, value: number, digits: number): string {
  const text = digits === 0 ? grouped(value) : format(value, digits);
  return `<button type="button" class="num" data-trace="${escape(source)}" data-digits="${digits}">${text}</button>`;
}
