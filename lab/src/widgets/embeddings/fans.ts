// Matrices as lines: which vector each multiplies and which it makes.
import { MADE } from './drawing';

export interface Step {
  matrices: string[]; // side by side: all of the same input
  from: string; // names below pos2
  to: string[];
}

/** Matrices of one input make one drawing; tables of rows (wte, wpe) make none. */
export function stepsOf(names: string[]): Step[] {
  const steps: Step[] = [];
  for (const name of names) {
    const made = MADE.find(({ weights }) => weights === name);
    if (!made) continue;
    const same = steps.find((other) => other.from === made.from);
    if (same) {
      same.matrices.push(name);
      same.to.push(made.of);
    } else {
      steps.push({ matrices: [name], from: made.from, to: [made.of] });
    }
  }
  return steps;
}
