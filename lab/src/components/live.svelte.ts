// What the engine says to the state that a reader has set.
import { untrack } from 'svelte';
import type { RemoteEngine } from '../engine/types';
import { linkState } from '../state/link';

export interface Answered<State, Answer> {
  state: State;
  answer: Answer;
}

/** Asks one question at a time; of the states that come meanwhile it asks the last one next. An answer
 *  is kept with the state it belongs to, so that no number is shown beside another state's. */
export class Live<State, Answer> {
  shown: Answered<State, Answer> = $state.raw(null!);
  trouble = $state('');
  private underWay: State | null = null;
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

/** The same with the state itself, which controls are bound to. */
export class Knobs<State, Answer> extends Live<State, Answer> {
  at: State = $state(null!);

  constructor(...args: ConstructorParameters<typeof Live<State, Answer>>) {
    super(...args);
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
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
