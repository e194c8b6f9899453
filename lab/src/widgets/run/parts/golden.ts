// What CPython 3.11 prints, to compare with: losses and names of microgpt.py, made by the original.
export interface Golden {
  losses: number[];
  samples: string[];
}

/** By list: the embedded one, or names.txt. Loaded when a training has ended. */
export async function golden(list: 'embedded' | 'names'): Promise<Golden> {
  return (list === 'embedded' ? await import('./golden-embedded.json') : await import('./golden-names.json')).default;
}

export interface Parity {
  count: number;
  equal: number; // to the last bit
  most: number; // largest difference
}

export function compare(ours: ArrayLike<number>, theirs: number[]): Parity {
  const count = Math.min(ours.length, theirs.length);
  let equal = 0;
  let most = 0;
  for (let i = 0; i < count; ++i) {
    if (ours[i] === theirs[i]) ++equal;
    most = Math.max(most, Math.abs(ours[i] - theirs[i]));
  }
  return { count, equal, most };
}
