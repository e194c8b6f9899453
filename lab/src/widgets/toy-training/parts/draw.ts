// Random numbers for the toy's chat: the engine draws names, but not beside the printed cache.

/** Numbers from 0 to 1, the same for a seed: Mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An index, as likely as its probability. */
export function draw(probs: ArrayLike<number>, random: () => number): number {
  let left = random();
  for (let i = 0; i < probs.length - 1; ++i) {
    left -= probs[i];
    if (left < 0) return i;
  }
  return probs.length - 1;
}
