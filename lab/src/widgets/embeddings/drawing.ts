// The block as neurons: a circle for each number, a line for each product. Places are of a drawing.
import { BLOCKS } from './blocks';
import { short } from '../names';
import type { Scene, Shown } from './scene';

const ROW = 58;
const TOP = 34;
const COLUMN = 44;
const MIDDLE = 396;
export const RADIUS = 19.5;

export interface Unit {
  id: string;
  x: number;
  y: number;
  number: Shown;
}

export interface Line {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  weight: number | null; // null: passed on as it is
  made: boolean; // the weight is itself computed
  block: string;
}

export interface Group {
  name: string; // in the code
  x: number;
  y: number;
}

export interface Band {
  block: string;
  y: number;
  height: number;
}

export interface Drawing {
  units: { block: string; units: Unit[] }[];
  lines: Line[];
  skips: { block: string; x: number; y1: number; y2: number }[];
  groups: Group[];
  bands: Band[];
  height: number;
}

/** Rows of circles: which numbers stand in each, with the column at which each group begins. */
const ROWS: { block: string; groups: { name: string; label: string; column: number }[]; count: number }[] = [
  { block: 'tok', count: 7, groups: [{ name: 'tok_emb', label: 'tok_emb', column: 0 }, { name: 'pos_emb', label: 'pos_emb', column: 5 }] },
  one('sum', 'embedding', 2),
  one('norm', 'embedding_norm.x', 2),
  one('attn_norm', 'layer0.attn_norm.x', 2),
  {
    block: 'qkv', count: 8,
    groups: [
      { name: 'layer0.q', label: 'q', column: 0 }, { name: 'layer0.k', label: 'k', column: 3 }, { name: 'layer0.v', label: 'v', column: 6 },
    ],
  },
  one('attention', 'layer0.head0.scores', 3),
  one('attention', 'layer0.head0.weights', 3),
  one('attention', 'layer0.head0.out', 2),
  one('wo', 'layer0.attn_out', 2),
  one('attn_residual', 'layer0.attn_residual', 2),
  one('mlp_norm', 'layer0.mlp_norm.x', 2),
  one('fc1', 'layer0.mlp_pre', 8),
  one('relu', 'layer0.mlp_act', 8),
  one('fc2', 'layer0.mlp_out', 2),
  one('mlp_residual', 'layer0.mlp_residual', 2),
  one('lm_head', 'logits', 4),
  one('softmax', 'probs', 4),
];

function one(block: string, name: string, count: number) {
  return { block, count, groups: [{ name, label: short(name), column: 0 }] };
}

/** What each row is made of: rows of weights times the row `from`, or the row `from` passed on. */
export const MADE: { of: string; from: string; weights?: string; columns?: boolean; block: string }[] = [
  { of: 'embedding', from: 'tok_emb', block: 'tok' },
  { of: 'embedding', from: 'pos_emb', block: 'pos' },
  { of: 'embedding_norm.x', from: 'embedding', block: 'norm' },
  { of: 'layer0.attn_norm.x', from: 'embedding_norm.x', block: 'attn_norm' },
  { of: 'layer0.q', from: 'layer0.attn_norm.x', weights: 'layer0.attn_wq', block: 'qkv' },
  { of: 'layer0.k', from: 'layer0.attn_norm.x', weights: 'layer0.attn_wk', block: 'qkv' },
  { of: 'layer0.v', from: 'layer0.attn_norm.x', weights: 'layer0.attn_wv', block: 'qkv' },
  { of: 'layer0.head0.scores', from: 'layer0.q', weights: 'pos2.layer0.keys', block: 'attention' },
  { of: 'layer0.head0.weights', from: 'layer0.head0.scores', block: 'attention' },
  { of: 'layer0.head0.out', from: 'layer0.head0.weights', weights: 'pos2.layer0.values', columns: true, block: 'attention' },
  { of: 'layer0.attn_out', from: 'layer0.head0.out', weights: 'layer0.attn_wo', block: 'wo' },
  { of: 'layer0.attn_residual', from: 'layer0.attn_out', block: 'attn_residual' },
  { of: 'layer0.mlp_norm.x', from: 'layer0.attn_residual', block: 'mlp_norm' },
  { of: 'layer0.mlp_pre', from: 'layer0.mlp_norm.x', weights: 'layer0.mlp_fc1', block: 'fc1' },
  { of: 'layer0.mlp_act', from: 'layer0.mlp_pre', block: 'relu' },
  { of: 'layer0.mlp_out', from: 'layer0.mlp_act', weights: 'layer0.mlp_fc2', block: 'fc2' },
  { of: 'layer0.mlp_residual', from: 'layer0.mlp_out', block: 'mlp_residual' },
  { of: 'logits', from: 'layer0.mlp_residual', weights: 'lm_head', block: 'lm_head' },
  { of: 'probs', from: 'logits', block: 'softmax' },
];

const SKIPS = [
  { of: 'layer0.attn_residual', from: 'embedding_norm.x', block: 'attn_residual' },
  { of: 'layer0.mlp_residual', from: 'layer0.attn_residual', block: 'mlp_residual' },
];

export function draw(scene: Scene, stage: number): Drawing {
  const blocks = new Set(BLOCKS.filter((block) => block.stage <= stage).map((block) => block.id));
  const rows = ROWS.filter((row) => blocks.has(row.block));
  const places = new Map<string, Unit[]>();
  const drawing: Drawing = { units: [], lines: [], skips: [], groups: [], bands: [], height: TOP + ROW * rows.length - 6 };
  rows.forEach((row, i) => {
    const y = TOP + ROW * i;
    for (const { name, label, column } of row.groups) {
      const x = MIDDLE + COLUMN * (column - (row.count - 1) / 2);
      const units = scene.numbers(`pos2.${name}`).map((number, j) => ({ id: number.path, x: x + COLUMN * j, y, number }));
      places.set(name, units);
      const block = name === 'pos_emb' ? 'pos' : row.block;
      drawing.units.push({ block, units });
      if (row.count < 8) drawing.groups.push({ name: label, x: row.groups.length > 1 ? x - RADIUS - 6 : MIDDLE - 96, y: y + 4 });
      else if (row.groups.length > 1) drawing.groups.push({ name: label, x: x - RADIUS - 3, y: y + 4 });
    }
    const last = drawing.bands.at(-1);
    if (last?.block === row.block) last.height += ROW;
    else drawing.bands.push({ block: row.block, y: y - ROW / 2, height: ROW });
  });
  for (const { of, from, weights, columns, block } of MADE) {
    const to = places.get(of);
    const source = places.get(from);
    if (!to || !source) continue;
    if (!weights) {
      to.forEach((unit, i) => drawing.lines.push({ ...ends(source[i], unit), weight: null, made: false, block }));
      continue;
    }
    const matrix = scene.at(weights);
    to.forEach((unit, i) => source.forEach((input, j) => {
      const at = columns ? j * matrix.shape[1] + i : i * matrix.shape[1] + j;
      drawing.lines.push({ ...ends(input, unit), weight: matrix.data[at], made: weights.startsWith('pos2'), block });
    }));
  }
  for (const { of, from, block } of SKIPS) {
    const to = places.get(of);
    const source = places.get(from);
    if (to && source) drawing.skips.push({ block, x: to.at(-1)!.x + RADIUS, y1: source[0].y, y2: to[0].y });
  }
  return drawing;
}

function ends(from: Unit, to: Unit) {
  const far = Math.hypot(to.x - from.x, to.y - from.y);
  const dx = (RADIUS * (to.x - from.x)) / far;
  const dy = (RADIUS * (to.y - from.y)) / far;
  return { x1: from.x + dx, y1: from.y + dy, x2: to.x - dx, y2: to.y - dy };
}

/** A box of the architecture column. */
export interface Box {
  block: string;
  x: number;
  y: number;
  width: number;
  height: number;
  round: boolean;
}

export const CENTER = 92;

/** One box a block, at the height of its circles. */
export function boxes(drawing: Drawing): Box[] {
  return drawing.bands.flatMap(({ block, y, height }): Box[] => {
    const middle = y + height / 2;
    if (block === 'tok') {
      return [
        { block: 'tok', x: CENTER - 70, y: middle - 17, width: 66, height: 34, round: false },
        { block: 'pos', x: CENTER + 4, y: middle - 17, width: 66, height: 34, round: false },
      ];
    }
    if (['sum', 'attn_residual', 'mlp_residual'].includes(block)) {
      return [{ block, x: CENTER - 15, y: middle - 15, width: 30, height: 30, round: true }];
    }
    return [{ block, x: CENTER - 70, y: y + 11, width: 140, height: height - 22, round: false }];
  });
}
