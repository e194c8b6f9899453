// What the reader has chosen for the toy, and its numbers: one for all views of the block.
import { Knobs } from '../../components/knobs.svelte';
import type { RemoteEngine } from '../../engine/types';
import { TOY_TOKENS, type TraceOptions } from '../../engine/sources';
import { numbersOf, wordOf } from '../../state/link';
import { t } from '../../text/messages';
import { askScene, type Scene, type SceneName } from './scene';

export const CACHES = ['printed', 'computed'] as const;
export const ROUNDINGS = ['off', '2'] as const;
export const LIMIT = 1; // of a number of the row

export interface Chosen {
  token: string;
  cache: (typeof CACHES)[number];
  round: (typeof ROUNDINGS)[number];
  row: number[] | null; // in place of the token's row of wte
}

export const FIRST: Chosen = { token: 'b', cache: 'printed', round: 'off', row: null };

/** What a link asks for; the rest as before. */
export function chosenBy(options: Record<string, string>, before: Chosen): Chosen {
  const token = wordOf(options.token, TOY_TOKENS);
  return {
    token: token ?? before.token,
    cache: wordOf(options.cache, CACHES) ?? before.cache,
    round: wordOf(options.round, ROUNDINGS) ?? before.round,
    row: numbersOf(options.row, 2, -LIMIT, LIMIT) ?? (token ? null : before.row),
  };
}

/** The trace that a choice stands for. */
export function sceneOf({ token, cache, round, row }: Chosen): { name: SceneName; options: TraceOptions } {
  const id = TOY_TOKENS.indexOf(token);
  return {
    name: cache === 'printed' ? 'toy' : 'computed',
    options: {
      token: token === 'b' ? undefined : token,
      round: round === 'off' ? undefined : Number(round),
      set: row ? Object.fromEntries(row.map((value, i) => [`wte[${id}][${i}]`, value])) : undefined,
    },
  };
}

/** Choices with the words for them. */
export function texts<T extends string>(words: readonly T[], key: 'token' | 'cache' | 'round') {
  return words.map((value) => ({ value, text: t(`embeddings.${key}_${value}`) }));
}

class Toy extends Knobs<Chosen, Scene> {
  /** The token's row as it stands. */
  get row(): number[] {
    const id = TOY_TOKENS.indexOf(this.at.token);
    return this.at.row ?? Array.from(this.shown.answer.at('wte').data.slice(2 * id, 2 * id + 2));
  }

  choose(token: string): void {
    this.at.token = token;
    this.at.row = null;
  }

  setRow(i: number, value: number): void {
    this.at.row = this.row.map((old, j) => (j === i ? value : old));
  }
}

let shared: Promise<Toy> | null = null;

async function make(engine: RemoteEngine): Promise<Toy> {
  const ask = (engine: RemoteEngine, chosen: Chosen) => {
    const { name, options } = sceneOf(chosen);
    return askScene(engine, name, options);
  };
  try {
    return new Toy(engine, { state: FIRST, answer: await ask(engine, FIRST) }, ask);
  } catch (error) {
    shared = null; // who asks later may be luckier
    throw error;
  }
}

/** The one toy, as a link asks for it. */
export async function toyOf(engine: RemoteEngine, options: Record<string, string>): Promise<Toy> {
  const toy = await (shared ??= make(engine));
  toy.at = chosenBy(options, toy.at);
  return toy;
}
