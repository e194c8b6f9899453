/** Where a key leads from the `at`-th of `count` things of which Tab reaches one; null for other keys. */
export function arrow(event: KeyboardEvent, at: number, count: number): number | null {
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: count - 1 }[event.key];
  if (to === undefined) return null;
  event.preventDefault();
  return Math.max(0, Math.min(count - 1, to));
}
