// A port of microgpt.py in JavaScript, with the way back written by hand: what conform is for.
// Usage: node port.js DATA N_LAYER N_EMBD N_HEAD BLOCK_SIZE NUM_STEPS
'use strict';
const fs = require('fs');
const [N_LAYER, N_EMBD, N_HEAD, BLOCK_SIZE, NUM_STEPS] = process.argv.slice(3).map(Number);
const HEAD_DIM = N_EMBD / N_HEAD;

// MT19937 as CPython seeds it and draws from it.
class Random {
  constructor(seed) {
    const w = this.words = new Uint32Array(624);
    w[0] = 19650218;
    for (let i = 1; i < 624; ++i) w[i] = Math.imul(1812433253, w[i - 1] ^ (w[i - 1] >>> 30)) + i;
    let i = 1;
    const next = () => {
      if (++i === 624) { w[0] = w[623]; i = 1; }
    };
    for (let k = 0; k < 624; ++k, next()) {
      w[i] = (w[i] ^ Math.imul(w[i - 1] ^ (w[i - 1] >>> 30), 1664525)) + seed;
    }
    for (let k = 0; k < 623; ++k, next()) {
      w[i] = (w[i] ^ Math.imul(w[i - 1] ^ (w[i - 1] >>> 30), 1566083941)) - i;
    }
    w[0] = 0x80000000;
    this.index = 624;
    this.spare = null;
  }
  word() {
    const w = this.words;
    if (this.index === 624) {
      for (let i = 0; i < 624; ++i) {
        const y = (w[i] & 0x80000000) | (w[(i + 1) % 624] & 0x7fffffff);
        w[i] = w[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.index = 0;
    }
    let y = w[this.index++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }
  uniform() {
    const a = this.word() >>> 5, b = this.word() >>> 6;
    return (a * 67108864 + b) / 9007199254740992;
  }
  below(n) {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const r = this.word() >>> (32 - bits);
      if (r < n) return r;
    }
  }
  gauss(std) {
    const spare = this.spare;
    if (spare !== null) { this.spare = null; return spare * std; }
    const angle = this.uniform() * 2 * Math.PI;
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    this.spare = Math.sin(angle) * radius;
    return Math.cos(angle) * radius * std;
  }
  choose(weights) {
    const sums = [];
    let total = 0;
    for (const w of weights) sums.push(total += w);
    const u = this.uniform() * total;
    return sums.findIndex((sum) => u < sum);
  }
}

const random = new Random(42);
const docs = fs.readFileSync(process.argv[2], 'utf8').split('\n').map((s) => s.trim()).filter(Boolean);
for (let i = docs.length - 1; i > 0; --i) {
  const j = random.below(i + 1);
  [docs[i], docs[j]] = [docs[j], docs[i]];
}
const letters = [...new Set(docs.join(''))].sort();
const BOS = letters.length, V = BOS + 1;

// Parameters, gradients and moments.
const params = {};
function matrix(name, rows, cols) {
  const data = new Float64Array(rows * cols);
  for (let i = 0; i < data.length; ++i) data[i] = random.gauss(0.08);
  const zeros = () => new Float64Array(data.length);
  params[name] = {data, grad: zeros(), m: zeros(), v: zeros()};
}
matrix('wte', V, N_EMBD);
matrix('wpe', BLOCK_SIZE, N_EMBD);
matrix('lm_head', V, N_EMBD);
for (let li = 0; li < N_LAYER; ++li) {
  for (const name of ['wq', 'wk', 'wv', 'wo']) matrix(name + li, N_EMBD, N_EMBD);
  matrix('fc1' + li, 4 * N_EMBD, N_EMBD);
  matrix('fc2' + li, N_EMBD, 4 * N_EMBD);
}

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const zeros = (n) => new Array(n).fill(0);
function add(into, x) {
  for (let i = 0; i < x.length; ++i) into[i] += x[i];
}

function linear(name, x) {
  const {data} = params[name], out = [];
  for (let o = 0; o < data.length; o += x.length) out.push(dot(x, data.subarray(o, o + x.length)));
  return out;
}
// Adds to the weights' gradients; returns the gradient of x.
function linearBack(name, x, dy) {
  const {data, grad} = params[name], dx = zeros(x.length);
  for (let o = 0; o < dy.length; ++o) {
    for (let i = 0; i < x.length; ++i) {
      grad[o * x.length + i] += dy[o] * x[i];
      dx[i] += dy[o] * data[o * x.length + i];
    }
  }
  return dx;
}

function softmax(x) {
  const max = Math.max(...x), exps = x.map((v) => Math.exp(v - max));
  const total = exps.reduce((a, b) => a + b);
  return exps.map((e) => e / total);
}

const scaleOf = (x) => 1 / Math.sqrt(dot(x, x) / x.length + 1e-5);
const rmsnorm = (x) => { const s = scaleOf(x); return x.map((v) => v * s); };
function rmsnormBack(x, dy) {
  const s = scaleOf(x), k = s * s * s * dot(x, dy) / x.length;
  return x.map((v, i) => s * dy[i] - v * k);
}

// One position. cache: for each layer the keys and values so far. Keeps what the way back needs.
function forward(token, pos, cache) {
  const rowOf = (name, i) => params[name].data.subarray(i * N_EMBD, (i + 1) * N_EMBD);
  const position = {token, pos, layers: []};
  const pe = rowOf('wpe', pos);
  position.embedding = [...rowOf('wte', token)].map((t, i) => t + pe[i]);
  let x = rmsnorm(position.embedding);
  for (let li = 0; li < N_LAYER; ++li) {
    const layer = {x, weights: []}, {keys, values} = cache[li];
    layer.xn = rmsnorm(x);
    layer.q = linear('wq' + li, layer.xn);
    keys.push(linear('wk' + li, layer.xn));
    values.push(linear('wv' + li, layer.xn));
    layer.attn = zeros(N_EMBD);
    for (let h = 0; h < N_HEAD; ++h) {
      const from = h * HEAD_DIM, to = from + HEAD_DIM;
      const q = layer.q.slice(from, to);
      const w = softmax(keys.map((k) => dot(q, k.slice(from, to)) / Math.sqrt(HEAD_DIM)));
      for (let t = 0; t < w.length; ++t) {
        for (let i = from; i < to; ++i) layer.attn[i] += w[t] * values[t][i];
      }
      layer.weights.push(w);
    }
    layer.middle = linear('wo' + li, layer.attn);
    add(layer.middle, x);
    layer.mn = rmsnorm(layer.middle);
    layer.pre = linear('fc1' + li, layer.mn);
    layer.act = layer.pre.map((v) => Math.max(0, v));
    x = linear('fc2' + li, layer.act);
    add(x, layer.middle);
    position.layers.push(layer);
  }
  position.out = x;
  position.logits = linear('lm_head', x);
  return position;
}

// dcache: the gradients of keys and values, to which later positions have added theirs.
function backward(position, dlogits, cache, dcache) {
  let dx = linearBack('lm_head', position.out, dlogits);
  for (let li = N_LAYER - 1; li >= 0; --li) {
    const layer = position.layers[li], {keys, values} = cache[li], {dkeys, dvalues} = dcache[li];
    const dact = linearBack('fc2' + li, layer.act, dx);
    const dpre = dact.map((g, i) => layer.pre[i] > 0 ? g : 0);
    add(dx, rmsnormBack(layer.middle, linearBack('fc1' + li, layer.mn, dpre)));
    const dattn = linearBack('wo' + li, layer.attn, dx);
    const dq = zeros(N_EMBD);
    for (let h = 0; h < N_HEAD; ++h) {
      const w = layer.weights[h], from = h * HEAD_DIM, to = from + HEAD_DIM;
      const dw = w.map((_, t) => dot(dattn.slice(from, to), values[t].slice(from, to)));
      const mean = dot(w, dw);
      for (let t = 0; t < w.length; ++t) {
        const dscore = w[t] * (dw[t] - mean) / Math.sqrt(HEAD_DIM);
        for (let i = from; i < to; ++i) {
          dvalues[t][i] += w[t] * dattn[i];
          dq[i] += dscore * keys[t][i];
          dkeys[t][i] += dscore * layer.q[i];
        }
      }
    }
    const dxn = linearBack('wq' + li, layer.xn, dq);
    add(dxn, linearBack('wk' + li, layer.xn, dkeys[position.pos]));
    add(dxn, linearBack('wv' + li, layer.xn, dvalues[position.pos]));
    add(dx, rmsnormBack(layer.x, dxn));
  }
  const de = rmsnormBack(position.embedding, dx);
  for (let i = 0; i < N_EMBD; ++i) {
    params.wte.grad[position.token * N_EMBD + i] += de[i];
    params.wpe.grad[position.pos * N_EMBD + i] += de[i];
  }
}

const newCache = () => Array.from({length: N_LAYER}, () => ({keys: [], values: []}));

function lossAndGrad(doc) {
  const tokens = [BOS, ...[...doc].map((c) => letters.indexOf(c)), BOS];
  const n = Math.min(BLOCK_SIZE, tokens.length - 1), cache = newCache(), positions = [];
  for (let pos = 0; pos < n; ++pos) positions.push(forward(tokens[pos], pos, cache));
  const none = () => Array.from({length: n}, () => zeros(N_EMBD));
  const dcache = cache.map(() => ({dkeys: none(), dvalues: none()}));
  let loss = 0;
  for (let pos = n - 1; pos >= 0; --pos) {
    const probs = softmax(positions[pos].logits), target = tokens[pos + 1];
    loss -= Math.log(probs[target]) / n;
    const dlogits = probs.map((p, i) => (p - (i === target ? 1 : 0)) / n);
    backward(positions[pos], dlogits, cache, dcache);
  }
  return loss;
}

function adam(step) {
  const rate = 0.01 * (1 - step / NUM_STEPS);
  for (const {data, grad, m, v} of Object.values(params)) {
    for (let i = 0; i < data.length; ++i) {
      m[i] = 0.85 * m[i] + (1 - 0.85) * grad[i];
      v[i] = 0.99 * v[i] + (1 - 0.99) * grad[i] * grad[i];
      const mHat = m[i] / (1 - 0.85 ** (step + 1)), vHat = v[i] / (1 - 0.99 ** (step + 1));
      data[i] -= rate * mHat / (Math.sqrt(vHat) + 1e-8);
      grad[i] = 0;
    }
  }
}

for (let step = 0; step < NUM_STEPS; ++step) {
  const loss = lossAndGrad(docs[step % docs.length]);
  adam(step);
  console.log(`step ${step + 1} / ${NUM_STEPS} | loss ${loss}`);
}
for (let i = 1; i <= 20; ++i) {
  const cache = newCache();
  let token = BOS, text = '';
  for (let pos = 0; pos < BLOCK_SIZE; ++pos) {
    token = random.choose(softmax(forward(token, pos, cache).logits.map((l) => l / 0.5)));
    if (token === BOS) break;
    text += letters[token];
  }
  console.log(`sample ${i}: ${text}`);
}
