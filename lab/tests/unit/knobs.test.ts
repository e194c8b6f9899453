import { describe, expect, it } from 'vitest';
import { Knobs } from '../../src/components/knobs.svelte';
import type { RemoteEngine } from '../../src/engine/types';

/** An engine that doubles, and answers when it is told to. */
function doubler() {
  const waiting: { x: number; answer: () => Promise<void>; fail: (message: string) => Promise<void> }[] = [];
  const ask = (_: RemoteEngine, { x }: { x: number }) => new Promise<number>((resolve, reject) => {
    const settled = () => new Promise<void>((done) => setTimeout(done));
    waiting.push({
      x,
      answer: () => { resolve(2 * x); return settled(); },
      fail: (message) => { reject(new Error(message)); return settled(); },
    });
  });
  const knobs = new Knobs({} as RemoteEngine, { state: { x: 1 }, answer: 2 }, ask);
  return { knobs, waiting };
}

describe('what a reader sets', () => {
  it('is asked one at a time, the last one next', async () => {
    const { knobs, waiting } = doubler();
    for (const x of [2, 3, 4]) knobs.set({ x });
    expect(waiting.map(({ x }) => x)).toEqual([2]);
    await waiting[0].answer();
    expect(knobs.shown).toEqual({ state: { x: 2 }, answer: 4 });
    expect(waiting.map(({ x }) => x)).toEqual([2, 4]);
    await waiting[1].answer();
    expect(knobs.shown).toEqual({ state: { x: 4 }, answer: 8 });
    expect(waiting).toHaveLength(2);
  });

  it('is not asked again while it is asked, nor once it is shown', async () => {
    const { knobs, waiting } = doubler();
    knobs.set({ x: 1 });
    expect(waiting).toHaveLength(0);
    for (const x of [2, 3, 2]) knobs.set({ x });
    await waiting[0].answer();
    knobs.set({ x: 2 });
    expect(waiting).toHaveLength(1);
  });

  it('keeps what is shown, and says why, where there is no answer', async () => {
    const { knobs, waiting } = doubler();
    knobs.at.x = 2;
    knobs.set({ x: 2 });
    await waiting[0].fail('no 2');
    expect([knobs.shown.state.x, knobs.trouble]).toEqual([1, 'no 2']);
    knobs.undo();
    expect(knobs.at).toEqual({ x: 1 });
    knobs.set(knobs.at);
    expect(knobs.trouble).toBe('');
    knobs.set({ x: 2 }); // once more
    expect(waiting).toHaveLength(2);
  });

  it('does not say what was wrong with a state that is no longer wanted', async () => {
    const { knobs, waiting } = doubler();
    knobs.set({ x: 2 });
    knobs.set({ x: 3 });
    await waiting[0].fail('no 2');
    expect(knobs.trouble).toBe('');
    await waiting[1].answer();
    expect(knobs.shown.answer).toBe(6);
  });
});
