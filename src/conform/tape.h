// Scalar autograd once more, to be got wrong on purpose: see Mistake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "conform/mistake.h"

namespace microgpt::conform {

class Tape;

// A handle to a node of a tape. The operators make the nodes that microgpt.py's Value makes, but
// for constants, which are no nodes here.
class Var {
 public:
  Var(Tape& tape, std::uint32_t node) : tape_(&tape), node_(node) {}

  double data() const;
  double grad() const;
  std::size_t node() const { return node_; }

  // The same number, through which no gradient passes.
  Var detached() const;

  Var pow(double exponent) const;
  Var log() const;
  Var exp() const;
  Var relu() const;

  // A function of this number alone: its value, and its slope for the way back.
  Var map(double value, double slope) const;

  friend Var operator+(Var a, Var b);
  friend Var operator*(Var a, Var b);
  friend Var operator/(Var a, Var b);
  friend Var operator+(Var a, double b);
  friend Var operator*(Var a, double b);
  friend Var operator/(Var a, double b);

  void backward() const;

 private:
  friend class Tape;

  Tape* tape_;
  std::uint32_t node_;
};

class Tape {
 public:
  explicit Tape(const Mistakes& mistakes);

  Var leaf(double data) { return push({.data = data}); }
  Var at(std::size_t node) { return {*this, static_cast<std::uint32_t>(node)}; }
  std::size_t size() const { return nodes_.size(); }
  void truncate(std::size_t size) { nodes_.resize(size); }

  double data(std::size_t node) const { return nodes_[node].data; }
  double grad(std::size_t node) const { return nodes_[node].grad; }
  void set_data(std::size_t node, double data) { nodes_[node].data = rounded(data); }
  void zero_grad(std::size_t node) { nodes_[node].grad = 0; }

  // To float32 where that is the mistake.
  double rounded(double x) const { return float32_ ? static_cast<float>(x) : x; }

 private:
  friend class Var;
  friend Var operator+(Var a, Var b);
  friend Var operator*(Var a, Var b);
  friend Var operator/(Var a, Var b);
  friend Var operator+(Var a, double b);
  friend Var operator*(Var a, double b);
  friend Var operator/(Var a, double b);

  struct Node {
    double data = 0;
    double grad = 0;
    std::uint32_t children[2] = {0, 0};
    double local_grads[2] = {0, 0};
    std::uint32_t num_children = 0;
    bool visited = false;
  };

  Var push(Node node);
  Var unary(double data, Var child, double local_grad);
  Var binary(double data, Var left, double left_grad, Var right, double right_grad);
  void sort(std::uint32_t root);
  void pass_on(const Node& node);
  void backward(std::uint32_t root);

  const bool float32_, mul_swapped_, grad_overwritten_, fma_grad_, folded_pow_, division_,
      relu_no_mask_, creation_order_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> sorted_;  // of the last walk: children before parents
};

}  // namespace microgpt::conform
