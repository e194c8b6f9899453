// Matrices as lines: which vector each multiplies and which it makes.

export interface Step {
  matrices: string[]; // side by side: all of the same input
  from: string; // names below pos2
  to: string[];
}

const STEPS: Record<string, { from: string; to: string }> = {
  'layer0.attn_wq': { from: 'layer0.attn_norm.x', to: 'layer0.q' },
  'layer0.attn_wk': { from: 'layer0.attn_norm.x', to: 'layer0.k' },
  'layer0.attn_wv': { from: 'layer0.attn_norm.x', to: 'layer0.v' },
  'layer0.attn_wo': { from: 'layer0.head0.out', to: 'layer0.attn_out' },
  'layer0.mlp_fc1': { from: 'layer0.mlp_norm.x', to: 'layer0.mlp_pre' },
  'layer0.mlp_fc2': { from: 'layer0.mlp_act', to: 'layer0.mlp_out' },
  lm_head: { from: 'layer0.mlp_residual', to: 'logits' },
};

/** Matrices of one input make one drawing; tables of rows (wte, wpe) make none. */
export function stepsOf(names: string[]): Step[] {
  const steps: Step[] = [];
  for (const name of names) {
    const step = STEPS[name];
    if (!step) continue;
    const same = steps.find((other) => other.from === step.from);
    if (same) {
      same.matrices.push(name);
      same.to.push(step.to);
    } else {
      steps.push({ matrices: [name], from: step.from, to: [step.to] });
    }
  }
  return steps;
}
