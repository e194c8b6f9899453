// What the reader has chosen for the toy, and its numbers: one for all views of the block.
import type { RemoteEngine } from '../../engine/types';
import { TOY_TOKENS, type TraceOptions } from '../../engine/sources';
import { numbersOf, wordOf } from '../../state/link';
import { askScene, type Scene, type SceneName } from './scene';

export const CACHES = ['printed', 'computed'] as const;
export const ROUNDINGS = ['off', '2'] as const;
const LIMIT = 1;

interface Wanted {
  key: string;
  name: SceneName;
  options: TraceOptions;
}

class Toy {
  token = $state('b');
  cache = $state<(typeof CACHES)[number]>('printed');
  round = $state<(typeof ROUNDINGS)[number]>('off');
  row = $state.raw<number[] | null>(null); // in place of the token's row of wte
  scene = $state.raw<Scene | null>(null);

  readonly limit = LIMIT;
  private shown = '';
  private wanted: Wanted | null = null;
  private asking: Promise<void> | null = null;

  /** The token's row as it stands. */
  get values(): number[] {
    if (this.row) return this.row;
    const id = TOY_TOKENS.indexOf(this.token);
    return this.scene ? Array.from(this.scene.at('wte').data.slice(2 * id, 2 * id + 2)) : [];
  }

  choose(token: string): void {
    this.row = null;
    this.token = token;
  }

  setRow(i: number, value: number): void {
    this.row = this.values.map((old, j) => (j === i ? value : old));
  }

  /** What a link asks for. */
  take(options: Record<string, string>): void {
    const token = wordOf(options.token, TOY_TOKENS);
    if (token) this.choose(token);
    this.cache = wordOf(options.cache, CACHES) ?? this.cache;
    this.round = wordOf(options.round, ROUNDINGS) ?? this.round;
    this.row = numbersOf(options.row, 2, -LIMIT, LIMIT) ?? this.row;
  }

  link(): Record<string, string> {
    const state: Record<string, string> = { token: this.token, cache: this.cache, round: this.round };
    if (this.row) state.row = this.row.join(',');
    return state;
  }

  /** Asks for the numbers of what is chosen now. One question is under way at a time. */
  ask(engine: RemoteEngine): Promise<void> {
    this.wanted = this.want();
    this.asking ??= this.work(engine).finally(() => { this.asking = null; });
    return this.asking;
  }

  private want(): Wanted {
    const id = TOY_TOKENS.indexOf(this.token);
    const set = this.row ? Object.fromEntries(this.row.map((value, i) => [`wte[${id}][${i}]`, value])) : undefined;
    const name = this.cache === 'printed' ? 'toy' as const : 'computed' as const;
    const options: TraceOptions = {
      token: this.token === 'b' ? undefined : this.token,
      round: this.round === 'off' ? undefined : Number(this.round),
      set,
    };
    return { key: JSON.stringify([name, options]), name, options };
  }

  private async work(engine: RemoteEngine): Promise<void> {
    while (this.wanted && this.wanted.key !== this.shown) {
      const { key, name, options } = this.wanted;
      this.scene = await askScene(engine, name, options);
      this.shown = key;
    }
  }
}

export const toy = new Toy();
