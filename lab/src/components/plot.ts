// Scales of a drawing: from numbers to places, and where ticks stand.

export interface Scale {
  (value: number): number;
  ticks: number[];
}

/** Linear from [low, high] to [from, to], with about `count` round ticks. */
export function scale(low: number, high: number, from: number, to: number, count = 5): Scale {
  const span = high - low || 1;
  const place = (value: number) => from + ((value - low) / span) * (to - from);
  return Object.assign(place, { ticks: ticks(low, high, count) });
}

/** Round numbers within [low, high]: multiples of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The "d" of an SVG path through points; a point that is not finite breaks it. */
export function line(points: [number, number][]): string {
  let pen = 'M';
  return points.map(([x, y]) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = 'M';
      return '';
    }
    const piece = `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = 'L';
    return piece;
  }).join('');
}
