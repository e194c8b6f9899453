// How numbers are written on the page. A test writes them the same way and compares.

const MINUS = '\u2212';

/** With so many digits after the point; a zero has no sign. */
export function format(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '\u221e' : `${MINUS}\u221e`;
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', MINUS);
}

/** The shortest digits that read back to the same bits. */
export function exact(value: number): string {
  return String(value).replace('-', MINUS);
}

/** 4,192 */
export function grouped(value: number): string {
  return value.toLocaleString('en-US').replace('-', MINUS);
}

/** As an element that is `traced` shows it. */
export function written(value: number, digits: number): string {
  return digits === 0 ? grouped(value) : format(value, digits);
}

/** Attributes of an element that shows a number of the engine: a click opens its card. */
export function traced(source: string, digits: number): Record<string, string> {
  return { 'data-trace': source, 'data-digits': String(digits) };
}

/** The same of a text in a drawing, which is no button by itself. */
export function tracedText(source: string, digits: number): Record<string, string> {
  return { ...traced(source, digits), role: 'button', tabindex: '0' };
}

/** 0 to 10: how strong a colour stands for a size, on a scale on which `most` is the strongest. */
export function level(value: number, most: number): number {
  if (!Number.isFinite(value) || most <= 0) return 0;
  return Math.min(10, Math.round((10 * Math.abs(value)) / most));
}
