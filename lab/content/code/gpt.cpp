// A GPT of 72 numbers, every step of it: the toy of this page. Its parts have the shapes and names
// of src/reference/gpt.h, which works with Value as well.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;              // rows
using Cache = std::vector<std::vector<Vector>>;  // of each layer, of each position

constexpr std::size_t n_embd = 2, n_head = 1, n_layer = 1, head_dim = n_embd / n_head;

const std::map<std::string, Matrix> state = {
    {"wte", {{0.20, 0.30}, {0.50, -0.10}, {-0.30, 0.40}, {0.10, 0.20}}},
    {"wpe", {{0.10, -0.05}, {0.05, 0.15}, {-0.10, 0.10}, {0.15, 0.00}}},
    {"lm_head", {{0.30, 0.10}, {-0.20, 0.40}, {0.50, -0.30}, {-0.10, 0.60}}},
    {"layer0.attn_wq", {{0.50, 0.20}, {0.10, 0.40}}},
    {"layer0.attn_wk", {{0.30, -0.10}, {0.20, 0.50}}},
    {"layer0.attn_wv", {{0.40, 0.10}, {-0.20, 0.60}}},
    {"layer0.attn_wo", {{0.60, 0.20}, {0.10, 0.70}}},
    {"layer0.mlp_fc1",
     {{0.40, 0.10},
      {-0.20, 0.50},
      {0.30, -0.30},
      {0.10, 0.40},
      {-0.50, 0.20},
      {0.20, -0.10},
      {0.60, 0.30},
      {-0.10, -0.40}}},
    {"layer0.mlp_fc2",
     {{0.10, 0.30, -0.20, 0.40, 0.00, 0.20, -0.10, 0.50},
      {-0.30, 0.20, 0.50, -0.10, 0.40, -0.40, 0.30, 0.10}}},
};

// region dot
double dot(const Vector& a, const Vector& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total;
}
// endregion

Vector add(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Vector relu(Vector x) {
  for (double& xi : x) xi = std::max(0.0, xi);
  return x;
}

Vector rmsnorm(Vector x) {
  const double ms = dot(x, x) / static_cast<double>(x.size());
  const double scale = std::pow(ms + 1e-5, -0.5);
  for (double& xi : x) xi *= scale;
  return x;
}

Vector linear(const Vector& x, const Matrix& w) {
  Vector out;
  for (const Vector& row : w) out.push_back(dot(row, x));
  return out;
}

Vector softmax(Vector scores) {
  const double top = *std::ranges::max_element(scores);
  double total = 0;
  for (double& score : scores) total += score = std::exp(score - top);
  for (double& e : scores) e /= total;
  return scores;
}

Vector attention(const Vector& q, const std::vector<Vector>& keys,
                 const std::vector<Vector>& values) {
  const auto slice = [](const Vector& x, std::size_t start) {
    return Vector(x.begin() + std::ptrdiff_t(start), x.begin() + std::ptrdiff_t(start + head_dim));
  };
  Vector x_attn(n_embd);
  for (std::size_t start = 0; start < n_embd; start += head_dim) {
    Vector scores;
    for (const Vector& k : keys) {
      scores.push_back(dot(slice(q, start), slice(k, start)) / std::sqrt(head_dim));
    }
    const Vector weights = softmax(scores);
    for (std::size_t t = 0; t < values.size(); ++t) {
      for (std::size_t j = start; j < start + head_dim; ++j) x_attn[j] += weights[t] * values[t][j];
    }
  }
  return x_attn;
}

// region gpt
Vector gpt(std::size_t token_id, std::size_t pos_id, Cache& keys, Cache& values) {
  // region embed
  const Vector tok_emb = state.at("wte")[token_id];
  const Vector pos_emb = state.at("wpe")[pos_id];
  Vector x = add(tok_emb, pos_emb);
  x = rmsnorm(x);
  // endregion

  for (std::size_t li = 0; li < n_layer; ++li) {
    const std::string layer = "layer" + std::to_string(li) + ".";

    // region attention-block
    Vector x_residual = x;
    x = rmsnorm(x);
    const Vector q = linear(x, state.at(layer + "attn_wq"));
    keys[li].push_back(linear(x, state.at(layer + "attn_wk")));
    values[li].push_back(linear(x, state.at(layer + "attn_wv")));
    x = attention(q, keys[li], values[li]);
    x = linear(x, state.at(layer + "attn_wo"));
    x = add(x, x_residual);
    // endregion

    // region mlp
    x_residual = x;
    x = rmsnorm(x);
    x = linear(x, state.at(layer + "mlp_fc1"));
    x = relu(x);
    x = linear(x, state.at(layer + "mlp_fc2"));
    x = add(x, x_residual);
    // endregion
  }

  // region output
  return linear(x, state.at("lm_head"));
  // endregion
}
// endregion

void check(const Vector& got, const Vector& expected) {
  assert(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) assert(std::abs(got[i] - expected[i]) < 5.1e-7);
}

int main() {
  Cache keys = {{{0.30, 0.10}, {-0.10, 0.40}}}, values = {{{0.20, -0.30}, {0.50, 0.20}}};
  const Vector probs = softmax(gpt(2, 2, keys, values));
  std::printf("after BOS a b: %.6f %.6f %.6f %.6f\n", probs[0], probs[1], probs[2], probs[3]);
  check(keys[0][2], {-0.375465, 0.375465});
  check(values[0][2], {-0.242948, 0.839275});
  check(probs, {0.164808, 0.322193, 0.079196, 0.433802});

  keys = values = Cache(n_layer);
  gpt(0, 0, keys, values);
  gpt(1, 1, keys, values);
  check(softmax(gpt(2, 2, keys, values)), {0.167819, 0.316689, 0.080703, 0.434789});
  check(keys[0][1], {0.409716, 0.345698});
  check(values[0][1], {0.576163, -0.204858});
}
