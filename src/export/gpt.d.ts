// The types of a model in one module of JavaScript.

export interface Config {
  n_layer: number;
  n_embd: number;
  block_size: number;
  n_head: number;
  head_dim: number;
  vocab_size: number;
  BOS: number;
  activation?: 'relu' | 'relu2';
}

export interface Sampling {
  n?: number; // 20
  temperature?: number; // 0.5; 0 takes the likeliest token
  seed?: number | bigint; // 42
  prefix?: string;
}

export const config: Config;

/** The text of each token; '' for BOS. A byte is the character of its number. */
export const tokens: string[];

/** The ids of a text, without BOS. Throws Error: a token is not in the vocabulary. */
export function encode(text: string): number[];

/** The logits of the token that follows the beginning of a document. */
export function logits(prefix?: string): number[];

/** What is drawn from then: softmax(logits / temperature), or the likeliest token at temperature 0. */
export function probs(prefix?: string, temperature?: number): number[];

/** The documents that `microgpt sample --engine exact` prints, prefix included. */
export function sample(sampling?: Sampling): string[];
