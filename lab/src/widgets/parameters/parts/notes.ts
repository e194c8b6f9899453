// What the lines of gpt() and attention() do: which belong together, in which of the twelve steps.

export interface Note {
  key: string; // of the message parameters.gpt_KEY
  lines: string[]; // whole lines of the code, without spaces around them
  related?: string[]; // keys of notes that light up with it
  numbers?: string[]; // what they make, by name in the toy's trace
}

export const NOTES: Note[] = [
  { key: 'signature', lines: ['def gpt(token_id: int, pos_id: int, keys: Cache, values: Cache) -> Vector:'] },
  { key: 'embed', lines: ['tok_emb = state["wte"][token_id]', 'pos_emb = state["wpe"][pos_id]', 'x = add(tok_emb, pos_emb)'], numbers: ['tok_emb', 'pos_emb', 'embedding'] },
  { key: 'first_norm', lines: ['x = rmsnorm(x)'], related: ['norm'], numbers: ['embedding_norm.scale', 'embedding_norm.x'] },
  { key: 'loop', lines: ['for li in range(n_layer):', 'layer = f"layer{li}."'] },
  { key: 'residual', lines: ['x_residual = x', 'x = add(x, x_residual)'], numbers: ['layer0.attn_residual', 'layer0.mlp_residual'] },
  { key: 'norm', lines: ['x = rmsnorm(x)'], related: ['first_norm'], numbers: ['layer0.attn_norm.x', 'layer0.mlp_norm.x'] },
  { key: 'query', lines: ['q = linear(x, state[layer + "attn_wq"])'], related: ['cache'], numbers: ['layer0.q'] },
  { key: 'cache', lines: ['keys[li].append(linear(x, state[layer + "attn_wk"]))', 'values[li].append(linear(x, state[layer + "attn_wv"]))'], related: ['query'], numbers: ['layer0.k', 'layer0.v'] },
  { key: 'attention', lines: ['x = attention(q, keys[li], values[li])', 'def attention(q: Vector, keys: list[Vector], values: list[Vector]) -> Vector:', 'x_attn = []', 'return x_attn'], numbers: ['layer0.x_attn'] },
  { key: 'heads', lines: ['for start in range(0, n_embd, head_dim):', 'head = slice(start, start + head_dim)'] },
  { key: 'scores', lines: ['dots = [dot(q[head], k[head]) for k in keys]', 'scores = [d / head_dim**0.5 for d in dots]'], numbers: ['layer0.head0.dots', 'layer0.head0.scores'] },
  { key: 'weights', lines: ['weights = softmax(scores)'], numbers: ['layer0.head0.weights'] },
  { key: 'sum', lines: ['columns = zip(*(v[head] for v in values))', 'x_attn += [dot(weights, column) for column in columns]'], numbers: ['layer0.head0.out'] },
  { key: 'wo', lines: ['x = linear(x, state[layer + "attn_wo"])'], numbers: ['layer0.attn_out'] },
  { key: 'mlp', lines: ['x = linear(x, state[layer + "mlp_fc1"])', 'x = linear(x, state[layer + "mlp_fc2"])'], numbers: ['layer0.mlp_pre', 'layer0.mlp_out'] },
  { key: 'relu', lines: ['x = [xi.relu() for xi in x]'], numbers: ['layer0.mlp_act'] },
  { key: 'logits', lines: ['return linear(x, state["lm_head"])'], numbers: ['logits', 'probs'] },
];

export interface CodeLine {
  text: string;
  note: number; // index in NOTES; -1 for an empty line
  step: number; // 1 .. 12; 0 where it belongs to none
  part: 'gpt' | 'attention';
}

/** Step of each line of gpt() that has one, by the order of such lines; then of attention(). */
const GPT_STEPS = [0, 1, 1, 1, 2, 0, 0, 3, 3, 4, 5, 5, 0, 9, 9, 10, 10, 10, 11, 11, 11, 12];
const ATTENTION_STEPS = [0, 0, 0, 0, 6, 6, 7, 8, 8, 0];

/** Throws where the code has a line that no note explains. */
export function annotated(gpt: string[], attention: string[]): CodeLine[] {
  let norms = 0;
  const lines = (part: CodeLine['part'], texts: string[], steps: number[]) => {
    let code = 0;
    return texts.map((text): CodeLine => {
      const trimmed = text.trim();
      if (trimmed === '') return { text, note: -1, step: 0, part };
      let note = NOTES.findIndex((one) => one.lines.includes(trimmed));
      // The first of three equal lines has a note of its own.
      if (trimmed === 'x = rmsnorm(x)' && ++norms > 1) note = NOTES.findIndex((one) => one.key === 'norm');
      if (note < 0) throw new Error(`no note explains the line: ${trimmed}`);
      return { text, note, step: steps[code++] ?? 0, part };
    });
  };
  return [...lines('gpt', gpt, GPT_STEPS), ...lines('attention', attention, ATTENTION_STEPS)];
}
