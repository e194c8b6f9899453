// What the toy is to learn: of each word its last letter, and that words end.
import type { TraceRequest } from '../../../engine/types';
import { expressionSource, TOY_TOKENS, traceRequest } from '../../../engine/sources';

export const DEFAULT_WORDS = 'abc bca cab aab bbc cca ab bc ca';

export interface Example {
  token: string;
  target: string;
}

/** Equal examples, counted. */
export interface Kind extends Example {
  count: number;
}

export function wordsOf(text: string): { words: string[]; bad: string[] } {
  const all = text.toLowerCase().split(/[\s,]+/).filter((word) => word !== '');
  const isWord = (word: string) => /^[abc]{2,4}$/.test(word);
  return { words: all.filter(isWord), bad: all.filter((word) => !isWord(word)) };
}

/** After the second to last letter of a word comes its last; after each letter that ends a word, BOS. */
export function examplesOf(words: string[]): Example[] {
  const ends = [...new Set(words.map((word) => word.slice(-1)))];
  return [
    ...words.map((word) => ({ token: word.slice(-2, -1), target: word.slice(-1) })),
    ...ends.map((token) => ({ token, target: 'BOS' })),
  ];
}

export function kindsOf(examples: Example[]): Kind[] {
  const kinds: Kind[] = [];
  for (const example of examples) {
    const known = kinds.find(({ token, target }) => token === example.token && target === example.target);
    if (known) ++known.count;
    else kinds.push({ ...example, count: 1 });
  }
  const order = (name: string) => TOY_TOKENS.indexOf(name);
  return kinds.sort((a, b) => order(a.token) - order(b.token) || (order(a.target) || 9) - (order(b.target) || 9));
}

export function requestOf({ token, target }: Example, model: string): TraceRequest {
  return traceRequest('toy', { token, target, model });
}

/** The mean loss of examples, of the losses of their kinds. */
export function meanSource(kinds: Kind[], losses: ArrayLike<number>): string {
  const total = kinds.reduce((sum, kind) => sum + kind.count, 0);
  const names = kinds.map(({ token, target }) => `${token}_${target}`);
  return expressionSource(
    `mean = (${kinds.map(({ count }, i) => `${count}*${names[i]}`).join(' + ')})/${total}; ${names.map((name, i) => `${name} = ${losses[i]}`).join('; ')}`, 'mean');
}

/** What no model can go below that sees one token: the mean loss of who says the true odds. */
export function floorSource(kinds: Kind[]): string {
  const total = kinds.reduce((sum, kind) => sum + kind.count, 0);
  const after = (token: string) => kinds.reduce((sum, kind) => sum + (kind.token === token ? kind.count : 0), 0);
  return expressionSource(`floor = -(${kinds.map(({ token, count }) => `${count}*log(${count}/${after(token)})`).join(' + ')})/${total}`, 'floor');
}
