// What the engine says to the state that a reader has set.
import { untrack } from 'svelte';
import type { RemoteEngine } from '../engine/types';

export interface Answered<State, Answer> {
  state: State;
  answer: Answer;
}

/** Asks one question at a time; of the states that come meanwhile it asks the last one next. An answer
 *  is kept with the state it belongs to, so that no number is shown beside another state's. */
export class Live<State, Answer> {
  shown: Answered<State, Answer> = $state.raw(null!);
  trouble = $state('');
  private asking = false;
  private next: State | null = null;

  constructor(
    private engine: RemoteEngine | null,
    first: Answered<State, Answer>,
    private ask: (engine: RemoteEngine, state: State) => Promise<Answer>,
  ) {
    this.shown = first;
  }

  set(state: State): void {
    untrack(() => {
      const same = !this.asking && JSON.stringify(state) === JSON.stringify(this.shown.state);
      if (same) this.trouble = '';
      if (same || this.engine === null) return;
      this.next = state;
      if (!this.asking) void this.go(this.engine);
    });
  }

  private async go(engine: RemoteEngine): Promise<void> {
    this.asking = true;
    while (this.next !== null) {
      const state = this.next;
      this.next = null;
      try {
        const answer = await this.ask(engine, state);
        this.shown = { state, answer };
        this.trouble = '';
      } catch (error) {
        if (this.next === null) this.trouble = (error as Error).message;
      }
    }
    this.asking = false;
  }
}
