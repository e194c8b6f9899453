// micrograd: the chain rule on numbers that fit a blackboard, and a network of neurons fitted by
// it.
//
// Beside the ladder: what Value does before it stands in a language model. The class is that of
// train2; the examples are small enough to check by hand.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "microgpt/random.h"

microgpt::PythonRandom rng(3);  // gives the numbers of Python's random after random.seed(3)

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
  void backward_without_order() const;

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

// A common mistake: each node passes its gradient on as soon as it gets some. Where a second part
// comes later, the first is passed on again with it.
void Value::backward_without_order() const {
  for (std::size_t c = 0; c < tape[id_].num_children; ++c) {
    Value child = *this;
    child.id_ = tape[id_].children[c];
    child.grad() += tape[id_].local_grads[c] * grad();
    child.backward_without_order();
  }
}

using Vector = std::vector<Value>;

std::vector<Value> params;  // of one network

// A new network begins, from the same noise each time.
void begin_network() {
  params.clear();
  rng = microgpt::PythonRandom(3);
}

Value parameter() { return params.emplace_back(-1 + 2 * rng.random()); }  // random.uniform(-1, 1)

// One neuron: ReLU(w . x + b), or without the ReLU.
class Neuron {
 public:
  Neuron(std::size_t nin, bool relu) : relu_(relu) {
    for (std::size_t i = 0; i < nin; ++i) w_.push_back(parameter());
    b_.push_back(parameter());
  }

  Value operator()(const Vector& x) const {
    Value z = 0;
    for (std::size_t i = 0; i < x.size(); ++i) z = z + w_[i] * x[i];
    z = z + b_[0];
    return relu_ ? z.relu() : z;
  }

 private:
  bool relu_;
  Vector w_, b_;
};

// Neurons side by side: each sees all of x.
class Layer {
 public:
  Layer(std::size_t nin, std::size_t nout, bool relu) {
    for (std::size_t i = 0; i < nout; ++i) neurons_.emplace_back(nin, relu);
  }

  Vector operator()(const Vector& x) const {
    Vector out;
    for (const Neuron& neuron : neurons_) out.push_back(neuron(x));
    return out;
  }

 private:
  std::vector<Neuron> neurons_;
};

// Layers one after the other. last_relu: whether the last one has a ReLU, too.
class MLP {
 public:
  MLP(std::size_t nin, const std::vector<std::size_t>& nouts, bool last_relu) {
    for (const std::size_t nout : nouts) {
      layers_.emplace_back(nin, nout, last_relu || layers_.size() + 1 < nouts.size());
      nin = nout;
    }
  }

  Value operator()(Vector x) const {
    for (const Layer& layer : layers_) x = layer(x);
    return x[0];
  }

 private:
  std::vector<Layer> layers_;
};

void two_ways() {
  std::printf("--- two ways from a to L: gradients add ---\n");
  const Value a = 2, b = 3, c = a * b, L = c + a;
  L.backward();
  std::printf("a = 2, b = 3, c = a * b, L = c + a\n");
  std::printf("L %g, a.grad %g (b + 1), b.grad %g (a)\n", L.data(), a.grad(), b.grad());
  const double eps = 0.001, L2 = 3 * (2 + eps) + (2 + eps);
  std::printf("nudge a by %g: L grows by %g\n\n", eps, L2 - L.data());
}

void one_neuron() {
  std::printf("--- one neuron and its error ---\n");
  const Value w = 2, x = 3, b = 1, y = 10;
  const Value z = w * x, yhat = z + b, err = yhat - y, loss = err.pow(2);
  loss.backward();
  std::printf("w = 2, x = 3, b = 1, y = 10\n");
  std::printf("z %g, yhat %g, err %g, loss %g\n", z.data(), yhat.data(), err.data(), loss.data());
  std::printf("dL/dw %g, dL/db %g, dL/dx %g, dL/dy %g\n\n", w.grad(), b.grad(), x.grad(), y.grad());
}

// err shrinks by the same factor at each step, 1 - 2 lr (x^2 + 1) = 0.6: loss by 0.36.
void gradient_descent() {
  std::printf("--- gradient descent: the same neuron learns, lr 0.02 ---\n");
  std::printf("step        w        b     yhat      err        loss     dL/dw    dL/db\n");
  const Value w = 2, x = 3, b = 1, y = 10;
  for (int step = 0; step < 5; ++step) {
    const Value yhat = w * x + b, err = yhat - y, loss = err.pow(2);
    w.grad() = b.grad() = 0;
    loss.backward();
    std::printf("%4d %8.7g %8.7g %8.7g %8.7g %11.9g %9.7g %8.7g\n", step, w.data(), b.data(),
                yhat.data(), err.data(), loss.data(), w.grad(), b.grad());
    w.data() -= 0.02 * w.grad();
    b.data() -= 0.02 * b.grad();
  }
  std::printf("\n");
}

void order() {
  std::printf("--- why backward() sorts first ---\n");
  std::printf("a = 1, b = a + a, c = b + b, so c = 4 a\n");
  const Value a = 1, b = a + a, c = b + b;
  c.backward();
  std::printf("sorted:     a.grad %g\n", a.grad());
  a.grad() = b.grad() = 0;
  c.backward_without_order();
  std::printf("not sorted: a.grad %g, since b passed its first part on twice\n\n", a.grad());
}

void weighted_sum() {
  std::printf("--- zip: pairs of inputs and weights ---\n");
  const double xs[] = {0.5, -0.3, 1.2}, ws[] = {0.4, 0.7, -0.1};
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    std::printf("%g * %g = %.2f\n", xs[i], ws[i], xs[i] * ws[i]);
    sum += xs[i] * ws[i];
  }
  std::printf("sum %.2f\n\n", sum);
}

void network() {
  std::printf("--- MLP(3, [2, 1]): 2 * (3 weights + 1 bias) + (2 weights + 1 bias) ---\n");
  begin_network();
  const MLP mlp(3, {2, 1}, true);
  std::printf("%zu parameters, mlp([1.0, 0.5, -0.3]) = %.4f\n\n", params.size(),
              mlp({1.0, 0.5, -0.3}).data());
}

// Four points, to be told apart by a network of the given shape.
void fit(const char* title, bool last_relu) {
  std::printf("--- %s ---\n", title);
  const std::vector<Vector> xs = {{2, 3, -1}, {3, -1, 0.5}, {0.5, 1, 1}, {1, 1, -1}};
  const Vector ys = {1, -1, -1, 1};
  begin_network();
  const MLP mlp(3, {4, 1}, last_relu);
  const std::size_t first_of_graph = tape.size();
  for (int step = 0; step <= 100; ++step) {
    Vector ypred;
    for (const Vector& x : xs) ypred.push_back(mlp(x));
    Value loss = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) loss = loss + (ypred[i] - ys[i]).pow(2);
    loss = loss / static_cast<double>(ys.size());
    if (step % 20 == 0) {
      std::printf("step %3d | loss %.6f | ypred %7.4f %7.4f %7.4f %7.4f\n", step, loss.data(),
                  ypred[0].data(), ypred[1].data(), ypred[2].data(), ypred[3].data());
    }
    loss.backward();
    for (const Value p : params) {
      p.data() -= 0.05 * p.grad();
      p.grad() = 0;
    }
    tape.resize(first_of_graph);
  }
}

int main() {
  two_ways();
  one_neuron();
  gradient_descent();
  order();
  weighted_sum();
  network();
  fit("four points, wanted 1 -1 -1 1, with a ReLU at the end", true);
  std::printf("A ReLU gives 0 or more, so two points stay 1 off and the loss at 0.5 or more.\n\n");
  fit("the same without it", false);
}
