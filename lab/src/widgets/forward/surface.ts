// The network of the forward chapter, its landscape, and how far that is from another one's.
import type { RemoteEngine } from '../../engine/types';
import { level } from '../../components/number';
import { expressionSource } from '../../engine/sources';
import { askNamed, settings, type Named } from '../expression';

export const KNOBS = ['w1', 'w2', 'w3', 'b1', 'b2', 'b3'] as const;
export const EDGE = 3; // the landscape lies over [-3, 3]²
export const POINTS = 21; // of the drawing, on each side
const SAMPLES = 14; // of the loss, on each side

export interface State {
  knobs: number[]; // w1, w2, w3, b1, b2, b3
  x: number[];
  target: number[] | null; // knobs of the hidden network
}

export interface Answer {
  network: Named;
  heights: Float64Array; // at x1 = place(i), x2 = place(j): i * POINTS + j
  targetHeights: Float64Array | null;
  loss: number | null;
}

/** The i-th of the places from one edge to the other. */
export function place(i: number): number {
  return -EDGE + (2 * EDGE * i) / (POINTS - 1);
}

export function networkExpression(knobs: number[], x: number[]): string {
  const values = Object.fromEntries([...KNOBS.map((name, i) => [name, knobs[i]]), ...x.map((value, i) => [`x${i + 1}`, value])]);
  return `h1 = relu(w1*x1 + w2*x2 + b1); h2 = relu(w3*x3 + b2); a = relu(h1 + h2 + b3); ${settings(values)}`;
}

/** The mean squared difference of both networks' outputs over a grid. What a whole row or column of
 *  the grid shares is computed once: u and v are its places times the weights. */
export function lossExpression({ knobs, x, target }: State): string {
  const all = Array.from({ length: SAMPLES }, (_, i) => i);
  const network = (n: 'm' | 'n', i: number, j: number) => `relu(relu(${n}u${i} + ${n}v${j} + ${n}b1) + ${n}h2 + ${n}b3)`;
  const terms = all.flatMap((i) => all.map((j) => `(${network('m', i, j)} - ${network('n', i, j)})**2`));
  const shared = (n: 'm' | 'n') => [
    ...all.map((i) => `${n}u${i} = ${n}w1*g${i}`), ...all.map((i) => `${n}v${i} = ${n}w2*g${i}`), `${n}h2 = relu(${n}w3*x3 + ${n}b2)`,
  ];
  return [
    `loss = (${terms.join(' + ')})/${terms.length}`, ...shared('m'), ...shared('n'),
    ...all.map((i) => `g${i} = -${EDGE} + ${2 * EDGE}*${i}/${SAMPLES - 1}`),
    settings(Object.fromEntries(KNOBS.map((name, i) => [`m${name}`, knobs[i]]))),
    settings(Object.fromEntries(KNOBS.map((name, i) => [`n${name}`, target![i]]))),
    `x3 = ${x[2]}`,
  ].join('; ').replaceAll(/ ([+=]) /g, '$1').replaceAll('; ', ';');
}

export function lossSource(state: State): string {
  return expressionSource(lossExpression(state), 'loss');
}

const GRID = Float64Array.from({ length: 2 * POINTS * POINTS }, (_, k) =>
  place(k % 2 === 0 ? Math.floor(k / 2 / POINTS) : Math.floor(k / 2) % POINTS));

export async function answer(engine: RemoteEngine, state: State): Promise<Answer> {
  const { knobs, x, target } = state;
  const landscape = (of: number[]) => engine.evaluate(networkExpression(of, x), ['x1', 'x2'], GRID, ['a']);
  const [network, heights, targetHeights, loss] = await Promise.all([
    askNamed(engine, networkExpression(knobs, x)),
    landscape(knobs),
    target && landscape(target),
    target && engine.value(lossSource(state)),
  ]);
  return { network, heights, targetHeights, loss };
}

// Drawing

export interface View {
  turn: number; // degrees around the vertical
  tilt: number; // 0: from the side, 90: from above
}

export const FIRST_VIEW: View = { turn: 35, tilt: 32 };
export const SIZE = { width: 520, height: 380 };
const SCALE = 56; // pixels for 1 along x1 and x2
const TALL = 190; // pixels for the highest

export type Point3 = [number, number, number]; // x1, x2, height

/** Where a point is drawn, and how near it is. `top` is the height that is drawn TALL. */
export function projection({ turn, tilt }: View, top: number) {
  const [c, s] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  const [up, flat] = [Math.cos((tilt * Math.PI) / 180), Math.sin((tilt * Math.PI) / 180)];
  return ([x1, x2, height]: Point3) => {
    const near = -x1 * s - x2 * c;
    return {
      x: SIZE.width / 2 + SCALE * (x1 * c - x2 * s),
      y: SIZE.height * 0.62 + SCALE * near * flat - (TALL * height * up) / top,
      near,
    };
  };
}

/** A height that all heights fit below. */
export function topOf(...heights: (Float64Array | null)[]): number {
  const most = Math.max(2, ...heights.map((some) => (some ? Math.max(...some.filter(Number.isFinite)) : 0)));
  return 2 ** Math.ceil(Math.log2(most));
}

export interface Facet {
  points: string;
  level: number; // 0 to 10
}

/** The squares of the landscape, the farthest first, each `step` places wide. */
export function facets(heights: Float64Array, view: View, top: number, step = 1): Facet[] {
  const project = projection(view, top);
  const at = Array.from(heights, (height, k) => project([place(Math.floor(k / POINTS)), place(k % POINTS), height]));
  const list: (Facet & { near: number })[] = [];
  for (let i = 0; i + step < POINTS; i += step) {
    for (let j = 0; j + step < POINTS; j += step) {
      const corners = [i * POINTS + j, (i + step) * POINTS + j, (i + step) * POINTS + j + step, i * POINTS + j + step];
      const mean = corners.reduce((sum, k) => sum + heights[k], 0) / 4;
      list.push({
        points: corners.map((k) => `${at[k].x.toFixed(1)},${at[k].y.toFixed(1)}`).join(' '),
        level: level(mean, top),
        near: corners.reduce((sum, k) => sum + at[k].near, 0),
      });
    }
  }
  return list.sort((a, b) => a.near - b.near);
}

/** Every second line of the grid through some heights. */
export function wires(heights: Float64Array, view: View, top: number): string[] {
  const project = projection(view, top);
  const line = (places: [number, number][]) => places.map(([i, j]) => {
    const { x, y } = project([place(i), place(j), heights[i * POINTS + j]]);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  }).join(' ');
  const all = Array.from({ length: POINTS }, (_, i) => i);
  return all.filter((i) => i % 2 === 0).flatMap((i) =>
    [line(all.map((j) => [i, j])), line(all.map((j) => [j, i]))]);
}
