// train4: four heads, and layers in a loop.
//
// New here: one head has one pattern of attention for a position; four heads, each with a quarter
// of every vector, have four. And a layer is a thing that can be repeated: n_layer says how often
// (once, here; GPT-2's smallest has 12).
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

// Autograd: every number remembers what it was made of, so that the chain rule can walk back.
struct Node {
  double data = 0;
  double grad = 0;               // d loss / d data, once backward() has run
  std::size_t num_children = 0;  // the numbers it was made of: none, one or two
  std::size_t children[2] = {};
  double local_grads[2] = {};  // d data / d child's data
};

// All nodes stand in one array and name each other by index. To drop a graph is to cut the array.
std::vector<Node> tape;

class Value {
 public:
  Value(double data) : Value(Node{data}) {}  // a parameter or a constant
  double& data() const { return tape[id_].data; }
  double& grad() const { return tape[id_].grad; }

  // Each operation gives its result, then each child with the derivative of the result by it.
  friend Value operator+(Value a, Value b) { return {a.data() + b.data(), a, 1, b, 1}; }
  friend Value operator*(Value a, Value b) {
    return {a.data() * b.data(), a, b.data(), b, a.data()};
  }
  Value pow(double n) const { return {std::pow(data(), n), *this, n * std::pow(data(), n - 1)}; }
  Value log() const { return {std::log(data()), *this, 1 / data()}; }
  Value exp() const { return {std::exp(data()), *this, std::exp(data())}; }
  Value relu() const { return {std::max(0.0, data()), *this, data() > 0 ? 1.0 : 0.0}; }
  friend Value operator-(Value a) { return a * -1; }
  friend Value operator-(Value a, Value b) { return a + -b; }
  friend Value operator/(Value a, Value b) { return a * b.pow(-1); }

  void backward() const;

 private:
  explicit Value(const Node& node) : id_(tape.size()) { tape.push_back(node); }
  Value(double data, Value a, double grad_a) : Value(Node{data, 0, 1, {a.id_}, {grad_a}}) {}
  Value(double data, Value a, double grad_a, Value b, double grad_b)
      : Value(Node{data, 0, 2, {a.id_, b.id_}, {grad_a, grad_b}}) {}

  std::size_t id_;
};

void Value::backward() const {
  // Sort the graph: depth first, children before parents. The way down is a list and no recursion,
  // so that no graph is too deep.
  struct Visit {
    std::size_t node, children_seen;
  };
  std::vector<Visit> path = {{id_, 0}};
  std::vector<bool> visited(tape.size());
  std::vector<std::size_t> topo;
  visited[id_] = true;
  while (!path.empty()) {
    auto& [node, children_seen] = path.back();
    if (children_seen == tape[node].num_children) {
      topo.push_back(node);
      path.pop_back();
      continue;
    }
    const std::size_t child = tape[node].children[children_seen++];
    if (!visited[child]) path.push_back({child, 0});
    visited[child] = true;
  }
  // Back from the loss: when a node's turn comes, all that used it have added to its gradient.
  grad() = 1;
  for (std::size_t i = topo.size(); i-- > 0;) {
    const Node& node = tape[topo[i]];
    for (std::size_t c = 0; c < node.num_children; ++c) {
      tape[node.children[c]].grad += node.local_grads[c] * node.grad;
    }
  }
}

using Vector = std::vector<Value>;
using Matrix = std::vector<Vector>;  // rows

// The parameters: what the model knows. Before training they are noise.
constexpr std::size_t n_embd = 16;      // numbers that describe a token
constexpr std::size_t n_head = 4;       // attention heads in a layer
constexpr std::size_t n_layer = 1;      // layers
constexpr std::size_t block_size = 16;  // tokens that the model can look at
constexpr std::size_t head_dim = n_embd / n_head;

std::vector<Value> params;

// A matrix of noise, all of whose elements join params.
Matrix matrix(std::size_t nout, std::size_t nin) {
  Matrix w(nout);
  for (Vector& row : w) {
    for (std::size_t i = 0; i < nin; ++i) row.push_back(params.emplace_back(rng.gauss(0, 0.08)));
  }
  return w;
}

struct Layer {
  Matrix attn_wq = matrix(n_embd, n_embd);
  Matrix attn_wk = matrix(n_embd, n_embd);
  Matrix attn_wv = matrix(n_embd, n_embd);
  Matrix attn_wo = matrix(n_embd, n_embd);
  Matrix mlp_fc1 = matrix(4 * n_embd, n_embd);
  Matrix mlp_fc2 = matrix(n_embd, 4 * n_embd);
};

// All matrices, in the order in which they are drawn.
struct StateDict {
  std::size_t vocab_size;
  Matrix wte = matrix(vocab_size, n_embd);
  Matrix wpe = matrix(block_size, n_embd);
  Matrix lm_head = matrix(vocab_size, n_embd);
  std::vector<Layer> layers = std::vector<Layer>(n_layer);
};

// The model: from a token, its position and what came before to logits over what comes next.
Value dot(const Vector& a, const Vector& b) {
  Value total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total = total + a[i] * b[i];
  return total;
}

Vector add(const Vector& a, const Vector& b) {
  Vector out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] + b[i]);
  return out;
}

// Each output is a sum over all inputs, weighted by a row of w.
Vector linear(const Vector& x, const Matrix& w) {
  Vector out;
  for (const Vector& wo : w) out.push_back(dot(wo, x));
  return out;
}

// Logits to probabilities. Taking the largest from all changes none, and exp can't overflow.
Vector softmax(const Vector& logits) {
  double max_val = logits[0].data();
  for (const Value val : logits) max_val = std::max(max_val, val.data());
  Vector exps;
  Value total = 0;
  for (const Value val : logits) total = total + exps.emplace_back((val - max_val).exp());
  Vector probs;
  for (const Value e : exps) probs.push_back(e / total);
  return probs;
}

// Scales a vector so that the mean of its squares is 1.
Vector rmsnorm(const Vector& x) {
  const Value ms = dot(x, x) / static_cast<double>(x.size());
  const Value scale = (ms + 1e-5).pow(-0.5);
  Vector out;
  for (const Value xi : x) out.push_back(xi * scale);
  return out;
}

// Attention: q asks all positions so far by their keys and gets a mix of their values.
Vector attention(const Vector& q, const Matrix& keys, const Matrix& values) {
  Vector attn_logits;  // scaled, or long vectors would make softmax all or nothing
  const double scale = std::pow(static_cast<double>(q.size()), 0.5);
  for (const Vector& k : keys) attn_logits.push_back(dot(q, k) / scale);
  const Vector attn_weights = softmax(attn_logits);
  Vector out;
  for (std::size_t j = 0; j < q.size(); ++j) {
    Value total = 0;
    for (std::size_t t = 0; t < values.size(); ++t) total = total + attn_weights[t] * values[t][j];
    out.push_back(total);
  }
  return out;
}

// The part of a vector, or of each of some, that belongs to head h.
Vector part(const Vector& x, std::size_t h) {
  const Value* const first = x.data() + h * head_dim;
  return {first, first + head_dim};
}

Matrix parts(const Matrix& xs, std::size_t h) {
  Matrix out;
  for (const Vector& x : xs) out.push_back(part(x, h));
  return out;
}

// Returns x with what attention and the MLP add to it; keys and values get those of this position.
Vector layer(const Layer& w, Vector x, Matrix& keys, Matrix& values) {
  // 1) Attention: look at the positions so far.
  Vector x_residual = x;
  x = rmsnorm(x);
  const Vector q = linear(x, w.attn_wq);
  keys.push_back(linear(x, w.attn_wk));
  values.push_back(linear(x, w.attn_wv));
  x.clear();
  for (std::size_t h = 0; h < n_head; ++h) {
    const Vector head_out = attention(part(q, h), parts(keys, h), parts(values, h));
    x.insert(x.end(), head_out.begin(), head_out.end());
  }
  x = linear(x, w.attn_wo);
  x = add(x, x_residual);
  // 2) MLP: think about what was seen.
  x_residual = x;
  x = rmsnorm(x);
  x = linear(x, w.mlp_fc1);
  for (Value& xi : x) xi = xi.relu();
  x = linear(x, w.mlp_fc2);
  return add(x, x_residual);
}

using Cache = std::vector<Matrix>;  // [layer][position]

Vector gpt(const StateDict& state_dict, std::size_t token_id, std::size_t pos_id, Cache& keys,
           Cache& values) {
  Vector x = add(state_dict.wte[token_id], state_dict.wpe[pos_id]);
  x = rmsnorm(x);
  for (std::size_t li = 0; li < n_layer; ++li) {
    x = layer(state_dict.layers[li], x, keys[li], values[li]);
  }
  return linear(x, state_dict.lm_head);
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

  const StateDict state_dict{vocab_size};
  std::printf("num params: %zu\n", params.size());

  // Training: one document a step.
  const std::size_t num_steps = 1000;
  const double learning_rate = 0.1;
  for (std::size_t step = 0; step < num_steps; ++step) {
    std::vector<std::size_t> tokens = {BOS};
    for (const char ch : docs[step % docs.size()]) tokens.push_back(uchars.find(ch));
    tokens.push_back(BOS);
    const std::size_t n = std::min(block_size, tokens.size() - 1);

    // Forward: the graph of the loss, the mean of -log(probability of the right next token).
    Cache keys(n_layer), values(n_layer);
    Value total = 0;
    for (std::size_t pos_id = 0; pos_id < n; ++pos_id) {
      const Vector probs = softmax(gpt(state_dict, tokens[pos_id], pos_id, keys, values));
      total = total + -probs[tokens[pos_id + 1]].log();
    }
    const Value loss = Value(1.0 / static_cast<double>(n)) * total;

    // Backward: how the loss changes with each parameter.
    loss.backward();

    // Update: each parameter a little downhill, less and less towards the end.
    const double lr_t = learning_rate * (1 - static_cast<double>(step) / num_steps);
    for (const Value p : params) {
      p.data() -= lr_t * p.grad();
      p.grad() = 0;
    }
    if (step < 5 || step % 200 == 0) {
      std::printf("step %4zu / %4zu | loss %.4f\n", step + 1, num_steps, loss.data());
    }
    tape.resize(params.size());
  }

  // Inference: new names, letter by letter, each drawn with the probability that the model gives.
  const double temperature = 0.5;  // above 0: lower is safer, higher is bolder
  std::printf("\n--- inference (new, hallucinated names) ---\n");
  for (int sample_idx = 0; sample_idx < 20; ++sample_idx) {
    Cache keys(n_layer), values(n_layer);
    std::string sample;
    std::size_t token_id = BOS;
    for (std::size_t pos_id = 0; pos_id < block_size; ++pos_id) {
      Vector logits = gpt(state_dict, token_id, pos_id, keys, values);
      for (Value& l : logits) l = l / temperature;
      std::vector<double> weights;
      for (const Value p : softmax(logits)) weights.push_back(p.data());
      token_id = rng.choices(weights);
      if (token_id == BOS) break;
      sample += uchars[token_id];
    }
    std::printf("sample %2d: %s\n", sample_idx + 1, sample.c_str());
    tape.resize(params.size());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\nusage: %s [FILE of one name a line, else input.txt]\n", error.what(),
               argv[0]);
  return 1;
}
