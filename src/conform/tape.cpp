#include "conform/tape.h"

#include <algorithm>
#include <cmath>

#include "random/py_pow.h"

namespace microgpt::conform {
namespace {

// What g++ and clang++ make of pow at -O2.
double folded_pow(double x, double exponent) {
  if (exponent == 2) return x * x;
  if (exponent == 1) return x;
  if (exponent == -1) return 1 / x;
  if (exponent == 0.5) return std::sqrt(x);
  return py_pow(x, exponent);
}

}  // namespace

Tape::Tape(const Mistakes& mistakes)
    : float32_(mistakes.has(Mistake::kFloat32)),
      mul_swapped_(mistakes.has(Mistake::kMulSwapped)),
      grad_overwritten_(mistakes.has(Mistake::kGradOverwritten)),
      fma_grad_(mistakes.has(Mistake::kFmaGrad)),
      folded_pow_(mistakes.has(Mistake::kFoldedPow)),
      division_(mistakes.has(Mistake::kDivision)),
      relu_no_mask_(mistakes.has(Mistake::kReluNoMask)),
      creation_order_(mistakes.has(Mistake::kCreationOrder)) {}

Var Tape::push(Node node) {
  node.data = rounded(node.data);
  nodes_.push_back(node);
  return at(nodes_.size() - 1);
}

Var Tape::unary(double data, Var child, double local_grad) {
  return push({.data = data,
               .children = {child.node_, 0},
               .local_grads = {local_grad, 0},
               .num_children = 1});
}

Var Tape::binary(double data, Var left, double left_grad, Var right, double right_grad) {
  return push({.data = data,
               .children = {left.node_, right.node_},
               .local_grads = {left_grad, right_grad},
               .num_children = 2});
}

// The order in which build_topo appends, depth first, without its recursion. The nodes that wait
// for a child stand on the stack with the number of the child they wait for.
void Tape::sort(std::uint32_t root) {
  struct Waiting {
    std::uint32_t node, next_child;
  };
  std::vector<Waiting> stack = {{root, 0}};
  sorted_.clear();
  nodes_[root].visited = true;
  while (!stack.empty()) {
    auto& [node, next_child] = stack.back();
    if (next_child == nodes_[node].num_children) {
      sorted_.push_back(node);
      stack.pop_back();
      continue;
    }
    Node& child = nodes_[nodes_[node].children[next_child]];
    const std::uint32_t index = nodes_[node].children[next_child++];
    if (child.visited || child.num_children == 0) continue;
    child.visited = true;
    stack.push_back({index, 0});
  }
  for (const std::uint32_t node : sorted_) nodes_[node].visited = false;
  if (creation_order_) std::sort(sorted_.begin(), sorted_.end());
}

void Tape::pass_on(const Node& node) {
  for (std::uint32_t i = 0; i < node.num_children; ++i) {
    double& grad = nodes_[node.children[i]].grad;
    const double before = grad_overwritten_ ? 0.0 : grad;
    grad = rounded(fma_grad_ ? std::fma(node.local_grads[i], node.grad, before)
                             : before + node.local_grads[i] * node.grad);
  }
}

void Tape::backward(std::uint32_t root) {
  sort(root);
  nodes_[root].grad = 1;
  for (auto it = sorted_.rbegin(); it != sorted_.rend(); ++it) pass_on(nodes_[*it]);
}

double Var::data() const { return tape_->data(node_); }
double Var::grad() const { return tape_->grad(node_); }
Var Var::detached() const { return tape_->leaf(data()); }
void Var::backward() const { tape_->backward(node_); }

Var Var::pow(double exponent) const {
  const auto power = tape_->folded_pow_ ? folded_pow : py_pow;
  return tape_->unary(power(data(), exponent), *this, exponent * power(data(), exponent - 1));
}

Var Var::log() const { return tape_->unary(std::log(data()), *this, 1 / data()); }

Var Var::exp() const {
  const double e = std::exp(data());
  return tape_->unary(e, *this, e);
}

Var Var::relu() const {
  const bool fires = data() > 0;
  return tape_->unary(fires ? data() : 0.0, *this, fires || tape_->relu_no_mask_ ? 1.0 : 0.0);
}

Var Var::map(double value, double slope) const { return tape_->unary(value, *this, slope); }

Var operator+(Var a, Var b) { return a.tape_->binary(a.data() + b.data(), a, 1, b, 1); }

Var operator*(Var a, Var b) {
  const bool swapped = a.tape_->mul_swapped_;
  return a.tape_->binary(a.data() * b.data(), a, swapped ? a.data() : b.data(), b,
                         swapped ? b.data() : a.data());
}

Var operator/(Var a, Var b) {
  if (!a.tape_->division_) return a * b.pow(-1);
  const double x = a.data(), y = b.data();
  return a.tape_->binary(x / y, a, 1 / y, b, -x / (y * y));
}

Var operator+(Var a, double b) { return a.tape_->unary(a.data() + b, a, 1); }
Var operator*(Var a, double b) {
  return a.tape_->unary(a.data() * b, a, a.tape_->mul_swapped_ ? a.data() : b);
}

Var operator/(Var a, double b) {
  return a.tape_->division_ ? a.map(a.data() / b, 1 / b) : a * py_pow(b, -1);
}

}  // namespace microgpt::conform
