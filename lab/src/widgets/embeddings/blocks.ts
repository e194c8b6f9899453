// The blocks of the model, in the order in which a token meets them.

export interface Block {
  id: string;
  stage: number; // of the chapters, in which it is added
  rows: string[]; // names below pos2 of what it makes
  markers: string[]; // names that mark its lines of gpt()
  helper: string; // the function that it calls
}

export const BLOCKS: Block[] = [
  { id: 'tok', stage: 1, rows: ['tok_emb'], markers: ['tok_emb'], helper: '' },
  { id: 'pos', stage: 1, rows: ['pos_emb'], markers: ['pos_emb'], helper: '' },
  { id: 'sum', stage: 1, rows: ['embedding'], markers: ['embedding'], helper: 'add' },
  { id: 'norm', stage: 2, rows: norm('embedding_norm'), markers: ['embedding_norm'], helper: 'rmsnorm' },
  { id: 'attn_norm', stage: 3, rows: norm('layer0.attn_norm'), markers: ['attn_norm'], helper: 'rmsnorm' },
  { id: 'qkv', stage: 3, rows: ['layer0.q', 'layer0.k', 'layer0.v'], markers: ['q', 'k', 'v'], helper: 'linear' },
  {
    id: 'attention', stage: 3,
    rows: ['layer0.head0.dots', 'layer0.head0.scores', 'layer0.head0.weights', 'layer0.head0.out'],
    markers: ['x_attn'], helper: 'attention',
  },
  { id: 'wo', stage: 3, rows: ['layer0.attn_out'], markers: ['attn_out'], helper: 'linear' },
  { id: 'attn_residual', stage: 3, rows: ['layer0.attn_residual'], markers: ['attn_residual'], helper: 'add' },
  { id: 'mlp_norm', stage: 4, rows: norm('layer0.mlp_norm'), markers: ['mlp_norm'], helper: 'rmsnorm' },
  { id: 'fc1', stage: 4, rows: ['layer0.mlp_pre'], markers: ['mlp_pre'], helper: 'linear' },
  { id: 'relu', stage: 4, rows: ['layer0.mlp_act'], markers: ['mlp_act'], helper: 'activate' },
  { id: 'fc2', stage: 4, rows: ['layer0.mlp_out'], markers: ['mlp_out'], helper: 'linear' },
  { id: 'mlp_residual', stage: 4, rows: ['layer0.mlp_residual'], markers: ['mlp_residual'], helper: 'add' },
  { id: 'lm_head', stage: 5, rows: ['logits'], markers: ['logits'], helper: 'linear' },
  { id: 'softmax', stage: 5, rows: ['probs'], markers: ['probs'], helper: 'softmax' },
];

function norm(name: string): string[] {
  return [`${name}.ms`, `${name}.scale`, `${name}.x`];
}

/** Digits that a row is shown with: more for what only leads to others. */
export function digitsOf(row: string): number {
  return /\.(ms|scale|dots)$/.test(row) ? 3 : 2;
}
