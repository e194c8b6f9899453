// A sentence and invented vectors for its words: what each asks for, answers to, and hands over.
// The three numbers of query and key: a thing, a description, a place in the sentence (early below 0,
// late above). Those of the value: something alive, speed, rest.

export interface Word {
  text: string;
  q: number[];
  k: number[];
  v: number[];
}

export const WORDS: Word[] = [
  { text: 'The', q: [1.6, 0.2, -1.2], k: [0.1, 0.3, -0.9], v: [0.0, 0.1, 0.1] },
  { text: 'quick', q: [1.8, -0.4, -1.0], k: [0.2, 1.8, -0.8], v: [0.1, 1.6, -0.7] },
  { text: 'brown', q: [1.9, -0.3, -0.9], k: [0.3, 1.9, -0.9], v: [0.3, 0.1, 0.2] },
  { text: 'fox', q: [-0.2, 1.7, -1.1], k: [2.1, 0.2, -1.0], v: [1.6, 0.9, -0.2] },
  { text: 'jumps', q: [2.2, -0.2, -1.3], k: [0.5, -0.6, 0.1], v: [0.2, 1.8, -0.5] },
  { text: 'over', q: [1.9, -0.3, 1.2], k: [0.2, -0.3, 0.3], v: [0.0, 0.6, 0.0] },
  { text: 'the', q: [1.5, 0.2, 1.4], k: [0.1, 0.3, 0.9], v: [0.0, 0.1, 0.1] },
  { text: 'lazy', q: [1.9, -0.4, 1.1], k: [0.2, 1.8, 1.0], v: [0.1, -0.9, 1.7] },
  { text: 'dog', q: [-0.1, 1.8, 1.2], k: [2.0, 0.2, 1.1], v: [1.5, 0.4, 0.6] },
];

const numbers = (values: number[]) => values.map(String);

function dot(a: string[], b: string[]): string {
  return a.map((ai, i) => `${ai}*${b[i]}`).join('+');
}

/** Softmax of names as statements: exponentials, their sum, shares. */
export function softmax(scores: string[], exps: string, total: string, shares: string): string {
  return [
    ...scores.map((score, i) => `${exps}${i}=exp(${score})`),
    `${total}=${scores.map((_, i) => `${exps}${i}`).join('+')}`,
    ...scores.map((_, i) => `${shares}${i}=${exps}${i}/${total}`),
  ].join(';');
}

/** Attention of one query over keys and values, as statements with names s0.. w0.. o0.. */
export function attentionOf(q: string[], keys: string[][], values: string[][]): string {
  const root = `${q.length}**0.5`;
  const scores = keys.map((key, i) => `s${i}=(${dot(q, key)})/${root}`).join(';');
  const mixed = values[0].map((_, j) => `o${j}=${values.map((value, i) => `w${i}*${value[j]}`).join('+')}`).join(';');
  return [scores, softmax(keys.map((_, i) => `s${i}`), 'e', 'z', 'w'), mixed].join(';');
}

export function wordAttention(word: number): string {
  return attentionOf(numbers(WORDS[word].q), WORDS.map((one) => numbers(one.k)), WORDS.map((one) => numbers(one.v)));
}
