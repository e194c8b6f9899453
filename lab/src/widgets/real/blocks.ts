// The blocks of the usual picture of a Transformer, from the tokens up.

export type Fate = 'same' | 'simpler' | 'dropped';

export interface Block {
  id: string; // messages real.ID and real.ID_text
  fate: Fate;
  lines: string; // of microgpt.py; '' where it has none
  code: string; // where this project has it
  state: string; // entry of state_dict
  group: 'in' | 'attention' | 'mlp' | 'out';
  trace?: string; // a number that it makes, in the toy
}

const GPT = 'src/reference/gpt.h';

export const BLOCKS: Block[] = [
  { id: 'wte', fate: 'same', lines: '109', code: GPT, state: 'wte', group: 'in', trace: 'pos2.tok_emb[0]' },
  { id: 'wpe', fate: 'same', lines: '110', code: GPT, state: 'wpe', group: 'in', trace: 'pos2.pos_emb[0]' },
  { id: 'emb_add', fate: 'same', lines: '111', code: GPT, state: '', group: 'in', trace: 'pos2.embedding[0]' },
  { id: 'dropout', fate: 'dropped', lines: '', code: '', state: '', group: 'in' },
  { id: 'transformer_layers', fate: 'same', lines: '114', code: GPT, state: 'layer0.*', group: 'in' },
  { id: 'attn_norm', fate: 'simpler', lines: '117', code: GPT, state: '', group: 'attention', trace: 'pos2.layer0.attn_norm.x[0]' },
  { id: 'attn_qkv', fate: 'simpler', lines: '118-120', code: GPT, state: 'layer0.attn_wq, attn_wk, attn_wv', group: 'attention', trace: 'pos2.layer0.q[0]' },
  { id: 'attn_matmul1', fate: 'same', lines: '129', code: GPT, state: '', group: 'attention', trace: 'pos2.layer0.head0.dots[0]' },
  { id: 'attn_mask', fate: 'dropped', lines: '', code: '', state: '', group: 'attention' },
  { id: 'attn_softmax', fate: 'same', lines: '130', code: GPT, state: '', group: 'attention', trace: 'pos2.layer0.head0.weights[0]' },
  { id: 'attn_matmul2', fate: 'same', lines: '131', code: GPT, state: '', group: 'attention', trace: 'pos2.layer0.head0.out[0]' },
  { id: 'attn_wo', fate: 'simpler', lines: '133', code: GPT, state: 'layer0.attn_wo', group: 'attention', trace: 'pos2.layer0.attn_out[0]' },
  { id: 'attn_residual', fate: 'same', lines: '134', code: GPT, state: '', group: 'attention', trace: 'pos2.layer0.attn_residual[0]' },
  { id: 'mlp_norm', fate: 'simpler', lines: '137', code: GPT, state: '', group: 'mlp', trace: 'pos2.layer0.mlp_norm.x[0]' },
  { id: 'mlp_fc1', fate: 'simpler', lines: '138', code: GPT, state: 'layer0.mlp_fc1', group: 'mlp', trace: 'pos2.layer0.mlp_pre[0]' },
  { id: 'mlp_act', fate: 'simpler', lines: '139', code: GPT, state: '', group: 'mlp', trace: 'pos2.layer0.mlp_act[0]' },
  { id: 'mlp_fc2', fate: 'simpler', lines: '140', code: GPT, state: 'layer0.mlp_fc2', group: 'mlp', trace: 'pos2.layer0.mlp_out[0]' },
  { id: 'mlp_residual', fate: 'same', lines: '141', code: GPT, state: '', group: 'mlp', trace: 'pos2.layer0.mlp_residual[0]' },
  { id: 'final_norm', fate: 'dropped', lines: '', code: '', state: '', group: 'out' },
  { id: 'lm_head', fate: 'simpler', lines: '143', code: GPT, state: 'lm_head', group: 'out', trace: 'pos2.logits[0]' },
  { id: 'softmax', fate: 'same', lines: '97-101', code: GPT, state: '', group: 'out', trace: 'pos2.probs[0]' },
];
