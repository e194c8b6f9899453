// A number that remembers how it was made, so that slopes can be passed back through the record.
#include <cassert>
#include <cmath>
#include <cstdio>
#include <memory>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

// region value
// region value-local-grads
struct Node;

struct Child {
  std::shared_ptr<Node> node;
  double local_grad;  // slope of the result by this child
};

struct Node {
  double data;
  double grad;                  // slope of the loss by this number, once backward() has run
  std::vector<Child> children;  // what it was made of
};

class Value {
 public:
  Value(double data, std::vector<Child> children = {})
      : node_(new Node{data, 0.0, std::move(children)}) {}

  double& data() const { return node_->data; }
  double& grad() const { return node_->grad; }

  friend Value operator+(Value a, Value b) {
    return {a.data() + b.data(), {{a.node_, 1.0}, {b.node_, 1.0}}};
  }
  friend Value operator*(Value a, Value b) {
    return {a.data() * b.data(), {{a.node_, b.data()}, {b.node_, a.data()}}};
  }
  Value pow(double n) const {
    return {std::pow(data(), n), {{node_, n * std::pow(data(), n - 1)}}};
  }
  Value log() const { return {std::log(data()), {{node_, 1 / data()}}}; }
  Value exp() const {
    const double result = std::exp(data());
    return {result, {{node_, result}}};
  }
  Value relu() const {
    const bool on = data() > 0;
    return {on ? data() : 0.0, {{node_, on ? 1.0 : 0.0}}};
  }
  // endregion

  // region value-derived
  friend Value operator-(Value a) { return a * -1.0; }
  friend Value operator-(Value a, Value b) { return a + -b; }
  friend Value operator/(Value a, Value b) { return a * b.pow(-1); }
  // endregion

  void backward() const;
  void backward_in_a_hurry() const;

 private:
  std::shared_ptr<Node> node_;
};

// region value-order
// All that node was made of, each number after those that it was made of; node comes last.
void children_first(Node* node, std::set<Node*>& seen, std::vector<Node*>& order) {
  if (!seen.insert(node).second) return;
  for (const Child& child : node->children) children_first(child.node.get(), seen, order);
  order.push_back(node);
}
// endregion

// region value-backward
void Value::backward() const {
  std::set<Node*> seen;
  std::vector<Node*> order;
  children_first(node_.get(), seen, order);
  grad() = 1.0;
  for (Node* node : order | std::views::reverse) {
    for (const auto& [child, local_grad] : node->children) {
      child->grad += local_grad * node->grad;
    }
  }
}
// endregion
// endregion

// region value-hurried
// Wrong: passes a gradient on before all of it has arrived.
void hurry(const Node& node) {
  for (const auto& [child, local_grad] : node.children) {
    child->grad += local_grad * node.grad;
    hurry(*child);
  }
}
// endregion

void Value::backward_in_a_hurry() const {
  grad() = 1.0;
  hurry(*node_);
}

// region descent
// One step downhill; returns the loss before it.
double descend(Value w, Value b, double x, double y, double learning_rate) {
  const Value loss = (w * x + b - y).pow(2);
  loss.backward();
  for (Value p : {w, b}) {
    p.data() -= learning_rate * p.grad();
    p.grad() = 0.0;
  }
  return loss.data();
}
// endregion

bool close(double a, double b) { return std::abs(a - b) < 1e-12; }

int main() {
  {
    // region value-check
    Value a = 2.0, b = 3.0;
    Value c = a * b;
    Value L = c + a;  // two ways lead from a to L
    L.backward();
    std::printf("%g %g\n", a.grad(), b.grad());
    // endregion
    assert(L.data() == 8 && a.grad() == 4 && b.grad() == 2);
  }
  {
    Value a = 1.0, b = a + a, c = b + b;
    c.backward();
    assert(a.grad() == 4);
    a.grad() = b.grad() = 0;
    c.backward_in_a_hurry();
    assert(a.grad() == 6);
  }
  {
    Value w = 2.0, x = 3.0, b = 1.0, y = 10.0;
    (w * x + b - y).pow(2).backward();
    assert(w.grad() == -18 && x.grad() == -12 && b.grad() == -6 && y.grad() == 6);
  }
  {
    Value x = 0.5;
    const Value y = 1 / (1 - x).exp() + 2 * (x.log() - x / 4).relu() - x.pow(3);
    y.backward();
    assert(close(x.grad(), std::exp(-0.5) - 0.75));
  }
  {
    const Value w = 2.0, b = 1.0;
    for (const double loss : {9.0, 3.24, 1.1664, 0.419904, 0.15116544}) {
      assert(close(descend(w, b, 3, 10, 0.02), loss));
    }
  }
}
