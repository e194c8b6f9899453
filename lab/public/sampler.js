// Makes up names with the model of model.json.
//
//   node sampler.js                      20 names (Node 20.19 or newer)
//   node sampler.js --prefix em --n 5    that begin with em
//
//   import { sample } from './sampler.js';              in a page
//   const model = await (await fetch('model.json')).json();
//   sample(model, 'em', 0.7);
//
// The random numbers are its own, so a seed's names differ from those of sampler.py.

const linear = (x, w) => w.map((row) => row.reduce((sum, wi, i) => sum + wi * x[i], 0));
const add = (x, y) => x.map((xi, i) => xi + y[i]);

function rmsnorm(x) {
  const ms = x.reduce((sum, xi) => sum + xi * xi, 0) / x.length;
  const scale = (ms + 1e-5) ** -0.5;
  return x.map((xi) => xi * scale);
}

function softmax(logits) {
  const top = Math.max(...logits);
  const exps = logits.map((logit) => Math.exp(logit - top));
  const total = exps.reduce((sum, e) => sum + e, 0);
  return exps.map((e) => e / total);
}

/** Scores of what may follow `token`, which joins the caches at `position`. */
function gpt({ config, state_dict: state }, token, position, keys, values) {
  const { n_layer, n_embd, head_dim } = config;
  let x = rmsnorm(add(state.wte[token], state.wpe[position]));
  for (let i = 0; i < n_layer; ++i) {
    const weight = (name) => state[`layer${i}.${name}`];

    let residual = x;
    x = rmsnorm(x);
    const q = linear(x, weight('attn_wq'));
    keys[i].push(linear(x, weight('attn_wk')));
    values[i].push(linear(x, weight('attn_wv')));
    const heads = [];
    for (let start = 0; start < n_embd; start += head_dim) {
      const head = (vector) => vector.slice(start, start + head_dim);
      const scores = keys[i].map((k) => linear(head(q), [head(k)])[0] / head_dim ** 0.5);
      const weights = softmax(scores);
      for (let column = start; column < start + head_dim; ++column) {
        heads.push(weights.reduce((sum, w, j) => sum + w * values[i][j][column], 0));
      }
    }
    x = add(linear(heads, weight('attn_wo')), residual);

    residual = x;
    x = linear(rmsnorm(x), weight('mlp_fc1')).map((xi) => Math.max(0, xi));
    x = add(linear(x, weight('mlp_fc2')), residual);
  }
  return linear(x, state.lm_head);
}

/** An index, drawn with these probabilities; `random` gives numbers from 0 to 1. */
function draw(probs, random) {
  let left = random();
  const last = probs.length - 1;
  for (let i = 0; i < last; ++i) {
    left -= probs[i];
    if (left < 0) return i;
  }
  return last;
}

/** One name, prefix included: letters that the model knows, fewer than its block_size. */
export function sample(model, prefix = '', temperature = 0.5, random = Math.random) {
  const { BOS, block_size, n_layer } = model.config;
  const letters = model.tokenizer.uchars;
  const keys = Array.from({ length: n_layer }, () => []);
  const values = Array.from({ length: n_layer }, () => []);
  const beginning = [BOS, ...Array.from(prefix, (letter) => letters.indexOf(letter))];
  if (beginning.includes(-1)) throw new Error(`the model has no token for a letter of "${prefix}"`);
  if (beginning.length > block_size) throw new Error(`a prefix has fewer than ${block_size} letters`);
  let logits;
  beginning.forEach((token, position) => { logits = gpt(model, token, position, keys, values); });
  let name = prefix;
  for (let length = beginning.length - 1; ;) {
    const token = draw(softmax(logits.map((logit) => logit / temperature)), random);
    if (token === BOS) return name;
    name += letters[token];
    if (++length === block_size) return name;
    logits = gpt(model, token, length, keys, values);
  }
}

if (typeof process !== 'undefined' && process.argv?.[1]?.match(/sampler\.m?js$/)) {
  const { readFileSync } = await import('node:fs');
  const { parseArgs } = await import('node:util');
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      n: { type: 'string', short: 'n', default: '20' },
      prefix: { type: 'string', default: '' },
      temperature: { type: 'string', default: '0.5' },
    },
  });
  const model = JSON.parse(readFileSync(positionals[0] ?? 'model.json', 'utf8'));
  for (let i = 0; i < Number(options.n); ++i) console.log(sample(model, options.prefix, Number(options.temperature)));
}
