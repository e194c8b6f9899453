// The model, once: microgpt.py's linear, softmax, rmsnorm and gpt, line by line.
//
// T is Value to train (the operators build the graph) or Number to sample (they only compute).
// Every sum runs from the first element on, starting at 0, because the order of additions is part
// of the result.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "microgpt/config.h"
#include "random/py_pow.h"

namespace microgpt::reference {

template <class T>
using Vector = std::vector<T>;

template <class T>
using Matrix = std::vector<Vector<T>>;  // rows of weights

template <class T>
struct Layer {
  Matrix<T> attn_wq, attn_wk, attn_wv, attn_wo, mlp_fc1, mlp_fc2;
};

// state_dict.
template <class T>
struct Weights {
  Matrix<T> wte, wpe, lm_head;
  std::vector<Layer<T>> layers;
};

// The keys or the values of a sequence so far: [layer][position][n_embd].
template <class T>
using Cache = std::vector<std::vector<Vector<T>>>;

// sum(term(i) for i in range(n)), n > 0.
template <class Term>
auto sum(std::size_t n, Term term) {
  auto total = term(0) + 0.0;
  for (std::size_t i = 1; i < n; ++i) total = total + term(i);
  return total;
}

// [f(i) for i in range(n)]
template <class F>
auto map(std::size_t n, F f) {
  std::vector<decltype(f(0))> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) out.push_back(f(i));
  return out;
}

template <class T>
Vector<T> linear(const Vector<T>& x, const Matrix<T>& w) {
  return map(w.size(), [&](std::size_t o) { return dot(w[o].data(), x.data(), x.size()); });
}

template <class T>
Vector<T> softmax(const Vector<T>& logits) {
  double max_val = logits[0].data();
  for (const T& val : logits) max_val = std::max(max_val, val.data());
  const auto exps = map(logits.size(), [&](std::size_t i) { return (logits[i] - max_val).exp(); });
  const T total = sum(exps.size(), [&](std::size_t i) { return exps[i]; });
  return map(exps.size(), [&](std::size_t i) { return exps[i] / total; });
}

template <class T>
Vector<T> rmsnorm(const Vector<T>& x) {
  const auto n = static_cast<double>(x.size());
  const T ms = dot(x.data(), x.data(), x.size()) / n;
  const T scale = (ms + 1e-5).pow(-0.5);
  return map(x.size(), [&](std::size_t i) { return x[i] * scale; });
}

template <class T>
Vector<T> add(const Vector<T>& a, const Vector<T>& b) {
  return map(a.size(), [&](std::size_t i) { return a[i] + b[i]; });
}

// Attention of the newest position's q to all positions in keys and values: one layer, all heads.
template <class T>
Vector<T> attention(const Config& config, const Vector<T>& q, const std::vector<Vector<T>>& keys,
                    const std::vector<Vector<T>>& values) {
  const auto head_dim = static_cast<std::size_t>(config.head_dim());
  const double sqrt_head_dim = py_pow(static_cast<double>(head_dim), 0.5);
  Vector<T> x_attn;
  x_attn.reserve(q.size());
  for (std::size_t hs = 0; hs < q.size(); hs += head_dim) {
    const auto attn_logits = map(keys.size(), [&](std::size_t t) {
      return dot(q.data() + hs, keys[t].data() + hs, head_dim) / sqrt_head_dim;
    });
    const auto attn_weights = softmax(attn_logits);
    for (std::size_t j = 0; j < head_dim; ++j) {
      x_attn.push_back(
          sum(values.size(), [&](std::size_t t) { return attn_weights[t] * values[t][hs + j]; }));
    }
  }
  return x_attn;
}

// microgpt.py's gpt: logits over the token that comes after token_id at position pos_id. Appends
// this position's keys and values, one vector for each layer.
template <class T>
Vector<T> gpt(const Config& config, const Weights<T>& weights, std::size_t token_id,
              std::size_t pos_id, Cache<T>& keys, Cache<T>& values) {
  const Vector<T>& tok_emb = weights.wte[token_id];
  const Vector<T>& pos_emb = weights.wpe[pos_id];
  Vector<T> x = add(tok_emb, pos_emb);
  x = rmsnorm(x);

  for (std::size_t li = 0; li < weights.layers.size(); ++li) {
    const Layer<T>& layer = weights.layers[li];
    // 1) Multi-head attention block
    Vector<T> x_residual = x;
    x = rmsnorm(x);
    const Vector<T> q = linear(x, layer.attn_wq);
    keys[li].push_back(linear(x, layer.attn_wk));
    values[li].push_back(linear(x, layer.attn_wv));
    x = attention(config, q, keys[li], values[li]);
    x = linear(x, layer.attn_wo);
    x = add(x, x_residual);
    // 2) MLP block
    x_residual = x;
    x = rmsnorm(x);
    x = linear(x, layer.mlp_fc1);
    for (T& xi : x) {
      xi = xi.relu();
      if (config.activation == Activation::kReluSquared) xi = xi.pow(2.0);
    }
    x = linear(x, layer.mlp_fc2);
    x = add(x, x_residual);
  }
  return linear(x, weights.lm_head);
}

}  // namespace microgpt::reference
