// Where everything of a step stands on the map. One unit is one number; time runs to the right, first
// through the upper row, then through the lower one.
import type { ModelInfo, Traced } from '../../../engine/types';

export type Group = 'embedding' | 'attention' | 'mlp' | 'output';

export interface Place {
  id: string; // name of what is traced, without its position
  label: string;
  group: Group;
  x: number;
  y: number;
  cols: number;
  rows: number; // as many as there can be
  weight: boolean;
}

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const GROUPS: Record<Group, Area> = {
  embedding: { x: -3, y: -7, width: 34, height: 69 },
  attention: { x: 32, y: -7, width: 121, height: 69 },
  mlp: { x: -3, y: 63, width: 110, height: 78 },
  output: { x: 108, y: 63, width: 45, height: 78 },
};
export const WORLD: Area = { x: -4, y: -8, width: 158, height: 150 };

export function layout(info: ModelInfo): Place[] {
  const { nEmbd, nHead, blockSize, vocabSize } = info;
  const headDim = nEmbd / nHead;
  const hidden = 4 * nEmbd;
  const places: Place[] = [];
  const add = (group: Group, id: string, x: number, y: number, rows = 1, cols = 1, weight = false) => {
    places.push({ id, label: id.replace(/^layer0\./, '').replace(/^(.*_norm)\.x$/, '$1'), group, x, y, cols, rows, weight });
  };
  add('embedding', 'wte', 0, 3, vocabSize, nEmbd, true);
  add('embedding', 'wpe', 0, 37, blockSize, nEmbd, true);
  add('embedding', 'tok_emb', 19, 9, nEmbd);
  add('embedding', 'pos_emb', 19, 37, nEmbd);
  add('embedding', 'embedding', 23, 22, nEmbd);
  add('embedding', 'embedding_norm.ms', 27, 16);
  add('embedding', 'embedding_norm.scale', 27, 19);
  add('embedding', 'embedding_norm.x', 27, 22, nEmbd);
  add('attention', 'layer0.attn_norm.ms', 35, 17);
  add('attention', 'layer0.attn_norm.scale', 35, 20);
  add('attention', 'layer0.attn_norm.x', 35, 23, nEmbd);
  for (const [i, name] of ['q', 'k', 'v'].entries()) {
    add('attention', `layer0.attn_w${name}`, 39, 3 + 20 * i, nEmbd, nEmbd, true);
    add('attention', `layer0.${name}`, 58, 3 + 20 * i, nEmbd);
  }
  add('attention', 'layer0.keys', 63, 23, blockSize, nEmbd);
  add('attention', 'layer0.values', 63, 43, blockSize, nEmbd);
  for (let head = 0; head < nHead; ++head) {
    const x = 83 + 9 * head;
    const name = `layer0.head${head}`;
    add('attention', `${name}.dots`, x, 23, blockSize);
    add('attention', `${name}.scores`, x + 2, 23, blockSize);
    add('attention', `${name}.softmax.exps`, x + 4, 23, blockSize);
    add('attention', `${name}.softmax.total`, x + 4, 40.5);
    add('attention', `${name}.weights`, x + 6, 23, blockSize);
    add('attention', `${name}.out`, x + 6, 45, headDim);
  }
  add('attention', 'layer0.x_attn', 121, 23, nEmbd);
  add('attention', 'layer0.attn_wo', 125, 23, nEmbd, nEmbd, true);
  add('attention', 'layer0.attn_out', 144, 23, nEmbd);
  add('attention', 'layer0.attn_residual', 149, 23, nEmbd);
  add('mlp', 'layer0.mlp_norm.ms', 0, 89);
  add('mlp', 'layer0.mlp_norm.scale', 0, 92);
  add('mlp', 'layer0.mlp_norm.x', 0, 95, nEmbd);
  add('mlp', 'layer0.mlp_fc1', 4, 72, hidden, nEmbd, true);
  add('mlp', 'layer0.mlp_pre', 23, 72, hidden);
  add('mlp', 'layer0.mlp_act', 27, 72, hidden);
  add('mlp', 'layer0.mlp_fc2', 32, 95, nEmbd, hidden, true);
  add('mlp', 'layer0.mlp_out', 99, 95, nEmbd);
  add('mlp', 'layer0.mlp_residual', 104, 95, nEmbd);
  add('output', 'lm_head', 111, 90, vocabSize, nEmbd, true);
  add('output', 'logits', 130, 90, vocabSize);
  add('output', 'softmax.exps', 134, 90, vocabSize);
  add('output', 'softmax.total', 134, 119);
  add('output', 'probs', 138, 90, vocabSize);
  add('output', 'pos_loss', 143, 103);
  add('output', 'loss', 149, 103);
  return places;
}

/** The name under which a place's numbers are traced. */
export function nameAt(id: string, weight: boolean, pos: number): string {
  if (weight || id === 'loss') return id;
  return id === 'pos_loss' ? `pos${pos}.loss` : `pos${pos}.${id}`;
}

/** The path of one of its numbers. */
export function pathAt(traced: Traced, index: number): string {
  const { name, shape } = traced;
  if (shape.length === 0) return name;
  const cols = shape[shape.length - 1];
  return shape.length === 1 ? `${name}[${index}]` : `${name}[${Math.floor(index / cols)}][${index % cols}]`;
}

/** What a place shows now. */
export interface Shown {
  place: Place;
  traced: Traced;
  values: Float64Array;
  rows: number; // in use
  gradient: boolean;
  made: boolean;
}

export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; ++i) {
    const size = Math.abs(values[i]);
    if (Number.isFinite(size) && size > most) most = size;
  }
  return most;
}
