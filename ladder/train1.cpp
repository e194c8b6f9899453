// train1: a network learns by gradient descent.
//
// New here: parameters. A token becomes a vector, a small network (MLP) turns that into logits, and
// softmax turns those into probabilities. Training moves each parameter against its gradient, which
// is worked out by hand below and held against one found by trying.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <set>
#include <string>
#include <vector>

#include "microgpt/dataset.h"
#include "microgpt/random.h"

microgpt::PythonRandom rng(42);  // gives the numbers of Python's random after random.seed(42)

using Vector = std::vector<double>;

struct Parameter {
  double data;
  double grad = 0;  // d loss / d data
};
using Matrix = std::vector<std::vector<Parameter>>;  // rows

// The parameters: what the model knows. Before training they are noise.
constexpr std::size_t n_embd = 16;      // numbers that describe a token
constexpr std::size_t block_size = 16;  // the longest name that is made up

std::vector<Parameter*> params;

// A matrix of noise, all of whose elements join params.
Matrix matrix(std::size_t nout, std::size_t nin) {
  Matrix w(nout);
  for (std::vector<Parameter>& row : w) {
    for (std::size_t i = 0; i < nin; ++i) row.push_back({rng.gauss(0, 0.08)});
    for (Parameter& p : row) params.push_back(&p);
  }
  return w;
}

// All matrices, in the order in which they are drawn.
struct StateDict {
  std::size_t vocab_size;
  Matrix wte = matrix(vocab_size, n_embd);
  Matrix mlp_fc1 = matrix(4 * n_embd, n_embd);
  Matrix mlp_fc2 = matrix(vocab_size, 4 * n_embd);
};

// The model: from a token to logits over what comes next.
// Each output is a sum over all inputs, weighted by a row of w.
Vector linear(const Vector& x, const Matrix& w) {
  Vector out;
  for (const std::vector<Parameter>& wo : w) {
    double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) total = total + wo[i].data * x[i];
    out.push_back(total);
  }
  return out;
}

// Logits to probabilities. Taking the largest from all changes none, and exp can't overflow.
Vector softmax(const Vector& logits) {
  double max_val = logits[0];
  for (const double val : logits) max_val = std::max(max_val, val);
  Vector exps;
  double total = 0;
  for (const double val : logits) total = total + exps.emplace_back(std::exp(val - max_val));
  Vector probs;
  for (const double e : exps) probs.push_back(e / total);
  return probs;
}

Vector embed(const StateDict& state_dict, std::size_t token_id) {
  Vector x;
  for (const Parameter& p : state_dict.wte[token_id]) x.push_back(p.data);
  return x;
}

Vector relu(Vector x) {
  for (double& xi : x) xi = std::max(0.0, xi);
  return x;
}

// A multi-layer perceptron. Without the ReLU between them two matrices could do no more than one.
Vector mlp(const StateDict& state_dict, std::size_t token_id) {
  Vector x = embed(state_dict, token_id);
  x = linear(x, state_dict.mlp_fc1);
  x = relu(x);
  x = linear(x, state_dict.mlp_fc2);
  return x;
}

// The loss of a document, the mean of -log(probability of the right next token).
double loss_of(const StateDict& state_dict, const std::vector<std::size_t>& tokens) {
  const std::size_t n = tokens.size() - 1;
  double total = 0;
  for (std::size_t pos_id = 0; pos_id < n; ++pos_id) {
    const Vector probs = softmax(mlp(state_dict, tokens[pos_id]));
    total = total + -std::log(probs[tokens[pos_id + 1]]);
  }
  return 1.0 / static_cast<double>(n) * total;
}

// How the loss changes with each parameter, found by trying: for every one of them, all again.
Vector numerical_gradient(const StateDict& state_dict, const std::vector<std::size_t>& tokens) {
  const double eps = 1e-5, loss = loss_of(state_dict, tokens);
  Vector grads;
  for (Parameter* const p : params) {
    const double old = p->data;
    p->data = old + eps;
    grads.push_back((loss_of(state_dict, tokens) - loss) / eps);
    p->data = old;
  }
  return grads;
}

// From the gradient of out = linear(x, w) to that of w, which is added to, and that of x.
Vector linear_backward(const Vector& x, Matrix& w, const Vector& dout) {
  Vector dx(x.size());
  for (std::size_t o = 0; o < w.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      w[o][i].grad += x[i] * dout[o];
      dx[i] += w[o][i].data * dout[o];
    }
  }
  return dx;
}

// The same by calculus, in one pass forward and one back. Returns the loss, adds to each grad.
double analytic_gradient(StateDict& state_dict, const std::vector<std::size_t>& tokens) {
  const std::size_t n = tokens.size() - 1;
  double total = 0;
  for (std::size_t pos_id = 0; pos_id < n; ++pos_id) {
    const std::size_t token_id = tokens[pos_id], target_id = tokens[pos_id + 1];
    const Vector x = embed(state_dict, token_id);
    const Vector h = relu(linear(x, state_dict.mlp_fc1));
    const Vector probs = softmax(linear(h, state_dict.mlp_fc2));
    total = total + -std::log(probs[target_id]);

    // Softmax and log together leave probs - 1 for the target, probs - 0 for all others.
    Vector dlogits = probs;
    dlogits[target_id] -= 1;
    for (double& d : dlogits) d /= static_cast<double>(n);
    Vector dh = linear_backward(h, state_dict.mlp_fc2, dlogits);
    for (std::size_t i = 0; i < dh.size(); ++i) dh[i] *= h[i] > 0 ? 1.0 : 0.0;
    const Vector dx = linear_backward(x, state_dict.mlp_fc1, dh);
    for (std::size_t i = 0; i < dx.size(); ++i) state_dict.wte[token_id][i].grad += dx[i];
  }
  return 1.0 / static_cast<double>(n) * total;
}

// Both ways must agree. The gradients are left at 0.
void check_gradient(StateDict& state_dict, const std::vector<std::size_t>& tokens) {
  const Vector numerical = numerical_gradient(state_dict, tokens);
  const double loss_n = loss_of(state_dict, tokens);
  const double loss_a = analytic_gradient(state_dict, tokens);
  double max_diff = 0;
  for (std::size_t i = 0; i < params.size(); ++i) {
    max_diff = std::max(max_diff, std::abs(numerical[i] - params[i]->grad));
    params[i]->grad = 0;
  }
  std::printf("gradient check | loss_n %.6f | loss_a %.6f | max diff %.8f\n", loss_n, loss_a,
              max_diff);
}

int main(int argc, char** argv) try {
  // The data: documents, here names, one a line.
  microgpt::Dataset docs = microgpt::Dataset::read(argc > 1 ? argv[1] : "input.txt");
  docs.shuffle(rng);
  std::printf("num docs: %zu\n", docs.size());

  // The tokenizer: the letters in order are the tokens 0, 1, ...; BOS marks both ends of a name.
  std::set<char> letters;
  for (std::size_t i = 0; i < docs.size(); ++i) letters.insert(docs[i].begin(), docs[i].end());
  const std::string uchars(letters.begin(), letters.end());
  const std::size_t BOS = uchars.size();
  const std::size_t vocab_size = uchars.size() + 1;
  std::printf("vocab size: %zu\n", vocab_size);

  StateDict state_dict{vocab_size};
  std::printf("num params: %zu\n", params.size());

  // Training: one document a step.
  const std::size_t num_steps = 1000;
  const double learning_rate = 1.0;
  for (std::size_t step = 0; step < num_steps; ++step) {
    std::vector<std::size_t> tokens = {BOS};
    for (const char ch : docs[step % docs.size()]) tokens.push_back(uchars.find(ch));
    tokens.push_back(BOS);
    if (step == 0) check_gradient(state_dict, tokens);

    // Forward and backward: the loss, and how it changes with each parameter.
    const double loss = analytic_gradient(state_dict, tokens);

    // Update: each parameter a little downhill, less and less towards the end.
    const double lr_t = learning_rate * (1 - static_cast<double>(step) / num_steps);
    for (Parameter* const p : params) {
      p->data -= lr_t * p->grad;
      p->grad = 0;
    }
    if (step < 5 || step % 200 == 0) {
      std::printf("step %4zu / %4zu | loss %.4f\n", step + 1, num_steps, loss);
    }
  }

  // Inference: new names, letter by letter, each drawn with the probability that the model gives.
  const double temperature = 0.5;  // above 0: lower is safer, higher is bolder
  std::printf("\n--- inference (new, hallucinated names) ---\n");
  for (int sample_idx = 0; sample_idx < 20; ++sample_idx) {
    std::string sample;
    std::size_t token_id = BOS;
    for (std::size_t pos_id = 0; pos_id < block_size; ++pos_id) {
      Vector logits = mlp(state_dict, token_id);
      for (double& l : logits) l = l / temperature;
      token_id = rng.choices(softmax(logits));
      if (token_id == BOS) break;
      sample += uchars[token_id];
    }
    std::printf("sample %2d: %s\n", sample_idx + 1, sample.c_str());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\nusage: %s [FILE of one name a line, else input.txt]\n", error.what(),
               argv[0]);
  return 1;
}
