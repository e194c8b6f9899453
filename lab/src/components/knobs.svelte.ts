// What a reader sets, and what the engine says to it.
import { untrack } from 'svelte';
import type { RemoteEngine } from '../engine/types';
import { linkState } from '../state/link';

interface Answered<State, Answer> {
  state: State;
  answer: Answer;
}

/** Controls are bound to `at`; numbers are taken from `shown`, an answer with the state it belongs to. One
 *  question is asked at a time; of the states that come meanwhile the last one is asked next. */
export class Knobs<State, Answer> {
  at: State = $state(null!);
  shown: Answered<State, Answer> = $state.raw(null!);
  trouble = $state(''); // why there is no answer to `at`
  private underWay: State | null = null;
  private next: State | null = null;

  constructor(
    private engine: RemoteEngine | null,
    first: Answered<State, Answer>,
    private ask: (engine: RemoteEngine, state: State) => Promise<Answer>,
  ) {
    this.shown = { state: first.state, answer: first.answer };
    this.undo();
  }

  /** For a component while it is made: asks for each state, and keeps the shown one in the link to a widget. */
  follow(id: string, link: (shown: State) => Record<string, string>): this {
    $effect(() => linkState(id, link(this.shown.state)));
    $effect(() => this.set($state.snapshot(this.at) as State));
    return this;
  }

  /** Back to the state that is shown. */
  undo(): void {
    this.at = structuredClone(this.shown.state);
  }

  set(state: State): void {
    untrack(() => {
      if (this.engine === null) return;
      if (this.underWay !== null) this.next = same(state, this.underWay) ? null : state;
      else if (same(state, this.shown.state)) this.trouble = '';
      else void this.go(this.engine, state);
    });
  }

  private async go(engine: RemoteEngine, first: State): Promise<void> {
    this.next = first;
    while (this.next !== null) {
      const state = this.underWay = this.next;
      this.next = null;
      try {
        const answer = await this.ask(engine, state);
        this.shown = { state, answer };
        this.trouble = '';
      } catch (error) {
        if (this.next === null) this.trouble = (error as Error).message;
      }
    }
    this.underWay = null;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
