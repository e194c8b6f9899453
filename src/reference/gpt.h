// The model, once: microgpt.py's linear, softmax, rmsnorm and gpt, line by line.
//
// T is Value to train (the operators build the graph) or Number to sample (they only compute).
// Every sum runs from the first element on, starting at 0, because the order of additions is part
// of the result. A probe sees each number that is made, under the name given beside it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "microgpt/config.h"
#include "random/py_pow.h"
#include "reference/probe.h"

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

template <class T, class Probe = NoProbe>
Vector<T> softmax(const Vector<T>& logits, const Probe& probe = {}) {
  double max_val = logits[0].data();
  for (const T& val : logits) max_val = std::max(max_val, val.data());
  const Vector<T> exps =
      probe("exps", map(logits.size(), [&](std::size_t i) { return (logits[i] - max_val).exp(); }));
  const T total = probe("total", sum(exps.size(), [&](std::size_t i) { return exps[i]; }));
  return map(exps.size(), [&](std::size_t i) { return exps[i] / total; });
}

template <class T, class Probe = NoProbe>
Vector<T> rmsnorm(const Vector<T>& x, const Probe& probe = {}) {
  const auto n = static_cast<double>(x.size());
  const T ms = probe("ms", dot(x.data(), x.data(), x.size()) / n);
  const T scale = probe("scale", (ms + 1e-5).pow(-0.5));
  return probe("x", map(x.size(), [&](std::size_t i) { return x[i] * scale; }));
}

template <class T>
Vector<T> add(const Vector<T>& a, const Vector<T>& b) {
  return map(a.size(), [&](std::size_t i) { return a[i] + b[i]; });
}

// What gpt does where a part can be left out (Config::parts): rmsnorm, or x as it is; the sum with
// the residual, or x alone; the sum with a row of wpe, or with zeros.
template <class T, class Probe>
Vector<T> norm(const Parts& parts, const Vector<T>& x, const Probe& probe) {
  return parts.rmsnorm ? rmsnorm(x, probe) : x;
}

template <class T>
Vector<T> add_residual(const Parts& parts, const Vector<T>& x, const Vector<T>& x_residual) {
  return parts.residual ? add(x, x_residual) : x;
}

template <class T>
Vector<T> add_position(const Parts& parts, const Vector<T>& tok_emb, const Vector<T>& pos_emb) {
  if (parts.wpe) return add(tok_emb, pos_emb);
  return map(tok_emb.size(), [&](std::size_t i) { return tok_emb[i] + 0.0; });
}

template <class T>
Vector<T> activate(Activation activation, const Vector<T>& x) {
  return map(x.size(), [&](std::size_t i) {
    return activation == Activation::kReluSquared ? x[i].relu().pow(2.0) : x[i].relu();
  });
}

// Attention of the newest position's q to all positions in keys and values: one layer, all heads.
template <class T, class Probe>
Vector<T> attention(const Config& config, const Vector<T>& q, const std::vector<Vector<T>>& keys,
                    const std::vector<Vector<T>>& values, const Probe& probe) {
  const auto head_dim = static_cast<std::size_t>(config.head_dim());
  const double sqrt_head_dim = py_pow(static_cast<double>(head_dim), 0.5);
  Vector<T> x_attn;
  x_attn.reserve(q.size());
  for (std::size_t hs = 0; hs < q.size(); hs += head_dim) {
    const auto& head = probe.in("head", hs / head_dim);
    const Vector<T> dots = head("dots", map(keys.size(), [&](std::size_t t) {
                                  return dot(q.data() + hs, keys[t].data() + hs, head_dim);
                                }));
    const Vector<T> attn_logits =
        head("scores", map(dots.size(), [&](std::size_t t) { return dots[t] / sqrt_head_dim; }));
    const Vector<T> attn_weights = head("weights", softmax(attn_logits, head.in("softmax")));
    const Vector<T> head_out = head("out", map(head_dim, [&](std::size_t j) {
                                      return sum(values.size(), [&](std::size_t t) {
                                        return attn_weights[t] * values[t][hs + j];
                                      });
                                    }));
    x_attn.insert(x_attn.end(), head_out.begin(), head_out.end());
  }
  return probe("x_attn", std::move(x_attn));
}

// microgpt.py's gpt: logits over the token that comes after token_id at position pos_id. Appends
// this position's keys and values, one vector for each layer.
template <class T, class Probe = NoProbe>
Vector<T> gpt(const Config& config, const Weights<T>& weights, std::size_t token_id,
              std::size_t pos_id, Cache<T>& keys, Cache<T>& values, const Probe& probe = {}) {
  const Vector<T>& tok_emb = probe("tok_emb", weights.wte[token_id]);
  const Vector<T>& pos_emb = probe("pos_emb", weights.wpe[pos_id]);
  Vector<T> x = probe("embedding", add_position(config.parts, tok_emb, pos_emb));
  x = norm(config.parts, x, probe.in("embedding_norm"));

  for (std::size_t li = 0; li < weights.layers.size(); ++li) {
    const Layer<T>& layer = weights.layers[li];
    const auto& part = probe.in("layer", li);
    // 1) Multi-head attention block
    Vector<T> x_residual = x;
    x = norm(config.parts, x, part.in("attn_norm"));
    const Vector<T> q = part("q", linear(x, layer.attn_wq));
    keys[li].push_back(part("k", linear(x, layer.attn_wk)));
    values[li].push_back(part("v", linear(x, layer.attn_wv)));
    part("keys", keys[li]);
    part("values", values[li]);
    x = attention(config, q, keys[li], values[li], part);
    x = part("attn_out", linear(x, layer.attn_wo));
    x = part("attn_residual", add_residual(config.parts, x, x_residual));
    // 2) MLP block
    x_residual = x;
    x = norm(config.parts, x, part.in("mlp_norm"));
    x = part("mlp_pre", linear(x, layer.mlp_fc1));
    x = part("mlp_act", activate(config.activation, x));
    x = part("mlp_out", linear(x, layer.mlp_fc2));
    x = part("mlp_residual", add_residual(config.parts, x, x_residual));
  }
  return probe("logits", linear(x, weights.lm_head));
}

// -log p of the token that comes after token_id at position pos_id.
template <class T, class Probe = NoProbe>
T token_loss(const Config& config, const Weights<T>& weights, std::size_t token_id,
             std::size_t target_id, std::size_t pos_id, Cache<T>& keys, Cache<T>& values,
             const Probe& probe = {}) {
  const Vector<T> logits = gpt(config, weights, token_id, pos_id, keys, values, probe);
  const Vector<T> probs = probe("probs", softmax(logits, probe.in("softmax")));
  return probe("loss", -probs[target_id].log());
}

// The mean over n predicted tokens, of which these are the losses of some or all.
template <class T, class Probe = NoProbe>
T mean_loss(const Vector<T>& losses, std::size_t n, const Probe& probe = {}) {
  return probe("loss", (1.0 / static_cast<double>(n)) *
                           sum(losses.size(), [&](std::size_t i) { return losses[i]; }));
}

}  // namespace microgpt::reference
