// toy: a GPT of 72 numbers learns last letters, without any calculus.
//
// Beside the ladder: the model of the first rungs is too large for a blackboard, this one is not.
// It knows BOS, a, b and c, describes each by two numbers, has one head and one layer, and always
// stands at position 2, where it looks back at two fixed positions. Its gradient is found by
// trying: each parameter is nudged up and down and the loss looked at.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "microgpt/numerical_gradient.h"

using Vector = std::vector<double>;

constexpr std::size_t vocab_size = 4, n_embd = 2, block_size = 4, pos_id = 2;
const std::string tokens = ".abc";  // token ids 0..3; the dot stands for BOS

// All parameters, row by row.
const Vector initial_params = {
    0.20,  0.30,  0.50,  -0.10, -0.30, 0.40,  0.10,  0.20,   // wte, 4x2
    0.10,  -0.05, 0.05,  0.15,  -0.10, 0.10,  0.15,  0.00,   // wpe, 4x2
    0.50,  0.20,  0.10,  0.40,                               // attn_wq, 2x2
    0.30,  -0.10, 0.20,  0.50,                               // attn_wk, 2x2
    0.40,  0.10,  -0.20, 0.60,                               // attn_wv, 2x2
    0.60,  0.20,  0.10,  0.70,                               // attn_wo, 2x2
    0.40,  0.10,  -0.20, 0.50,  0.30,  -0.30, 0.10,  0.40,   // mlp_fc1, 8x2
    -0.50, 0.20,  0.20,  -0.10, 0.60,  0.30,  -0.10, -0.40,  //
    0.10,  0.30,  -0.20, 0.40,  0.00,  0.20,  -0.10, 0.50,   // mlp_fc2, 2x8
    -0.30, 0.20,  0.50,  -0.10, 0.40,  -0.40, 0.30,  0.10,   //
    0.30,  0.10,  -0.20, 0.40,  0.50,  -0.30, -0.10, 0.60,   // lm_head, 4x2
};

// What the two positions before this one left behind.
const std::vector<Vector> past_keys = {{0.30, 0.10}, {-0.10, 0.40}};
const std::vector<Vector> past_values = {{0.20, -0.30}, {0.50, 0.20}};

double dot(const double* a, const Vector& b) {
  double total = 0;
  for (std::size_t i = 0; i < b.size(); ++i) total += a[i] * b[i];
  return total;
}

Vector add(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Vector softmax(Vector x) {
  const double max_val = *std::max_element(x.begin(), x.end());
  double total = 0;
  for (double& xi : x) total += xi = std::exp(xi - max_val);
  for (double& xi : x) xi /= total;
  return x;
}

Vector rmsnorm(Vector x) {
  const double ms = dot(x.data(), x) / static_cast<double>(x.size());
  for (double& xi : x) xi *= std::pow(ms + 1e-5, -0.5);
  return x;
}

// The probabilities of what comes after a token.
Vector gpt(const Vector& params, std::size_t token_id) {
  const double* weights = params.data();
  const auto take = [&weights](std::size_t count) {
    const double* const matrix = weights;
    weights += count;
    return matrix;
  };
  const auto row = [&](std::size_t rows, std::size_t i) {
    const double* const first = take(rows * n_embd) + i * n_embd;
    return Vector(first, first + n_embd);
  };
  const auto linear = [&](const Vector& x, std::size_t nout) {
    const double* const w = take(nout * x.size());
    Vector out;
    for (std::size_t o = 0; o < nout; ++o) out.push_back(dot(w + o * x.size(), x));
    return out;
  };

  const Vector tok_emb = row(vocab_size, token_id);
  Vector x = rmsnorm(add(tok_emb, row(block_size, pos_id)));

  Vector x_residual = x;
  x = rmsnorm(x);
  const Vector q = linear(x, n_embd);
  std::vector<Vector> keys = past_keys, values = past_values;
  keys.push_back(linear(x, n_embd));
  values.push_back(linear(x, n_embd));
  Vector attn_logits;
  for (const Vector& k : keys) attn_logits.push_back(dot(q.data(), k) / std::sqrt(n_embd));
  const Vector attn_weights = softmax(attn_logits);
  Vector x_attn(n_embd);
  for (std::size_t t = 0; t < values.size(); ++t) {
    for (std::size_t j = 0; j < n_embd; ++j) x_attn[j] += attn_weights[t] * values[t][j];
  }
  x = add(linear(x_attn, n_embd), x_residual);

  x_residual = x;
  x = linear(rmsnorm(x), 4 * n_embd);
  for (double& xi : x) xi = std::max(0.0, xi);
  x = add(linear(x, n_embd), x_residual);

  return softmax(linear(x, vocab_size));
}

struct Example {
  std::size_t token_id, target_id;
};

// Of each word the last letter after the one before it; and each last letter ends its word.
std::vector<Example> make_examples(const std::vector<std::string>& words) {
  std::vector<Example> examples;
  std::set<std::size_t> last_letters;
  for (const std::string& word : words) {
    const std::size_t last = tokens.find(word.back());
    examples.push_back({tokens.find(word[word.size() - 2]), last});
    last_letters.insert(last);
  }
  for (const std::size_t last : last_letters) examples.push_back({last, 0});
  return examples;
}

double loss_of(const Vector& params, const std::vector<Example>& examples) {
  double total = 0;
  for (const Example& e : examples) total -= std::log(gpt(params, e.token_id)[e.target_id]);
  return total / static_cast<double>(examples.size());
}

void print_probabilities(const Vector& params) {
  std::printf("after |   BOS      a      b      c\n");
  for (std::size_t token_id = 1; token_id < vocab_size; ++token_id) {
    std::printf("    %c |", tokens[token_id]);
    for (const double p : gpt(params, token_id)) std::printf(" %6.4f", p);
    std::printf("\n");
  }
}

int main() {
  const auto examples = make_examples({"abc", "bca", "cab", "aab", "bbc", "cca", "ab", "bc", "ca"});
  Vector params = initial_params;
  std::printf("num examples: %zu\nnum params: %zu\n", examples.size(), params.size());
  print_probabilities(params);

  const double learning_rate = 0.4, eps = 1e-3;
  for (int step = 0; step <= 100; ++step) {
    if (step == 0 || step == 1 || step == 20 || step == 50 || step == 100) {
      std::printf("after %3d steps | loss %.6f\n", step, loss_of(params, examples));
    }
    const Vector grads = microgpt::numerical_gradient(
        [&](const Vector& nudged) { return loss_of(nudged, examples); }, params, eps);
    for (std::size_t i = 0; i < params.size(); ++i) params[i] -= learning_rate * grads[i];
  }

  // After each letter the examples have one continuation three times and BOS once.
  const double floor = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  std::printf("no model can do better than | loss %.6f\n", floor);
  print_probabilities(params);
}
