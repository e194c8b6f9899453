// Scalar autograd: microgpt.py's Value.
//
// A graph lives on a Tape; a Value is a handle to one of its nodes. Nodes are kept in arrays in the
// order of their creation and refer to each other by index, so that making one allocates nothing,
// dropping a graph is setting a size back, and a graph a million nodes deep is no deeper a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace microgpt::reference {

class Value;

// The nodes of a graph: data, gradient, children and local gradients, as in microgpt.py.
class Tape {
 public:
  // kDot: see push_dot.
  enum Kind : std::uint16_t { kMul, kAdd, kDot, kPow, kLog, kExp, kRelu, kLeaf };

  // What a node is, for those who look at a graph: a kDot is one more addition to them.
  struct Node {
    Kind kind;
    std::uint32_t left;
    std::uint32_t right;     // the same as left for a node with one child
    double left_local_grad;  // 0 for a leaf
    double right_local_grad;
    double exponent;  // of a kPow
  };

  // A new node without children: a parameter, an input or a constant.
  Value leaf(double data);

  std::size_t size() const { return size_; }

  // Drops every node from `size` on; the values of those before, and their gradients, stay.
  // REQUIRES: the nodes that stay have no children among those that go (children always come
  // before their parents, so this holds for any size).
  void truncate(std::size_t size) { size_ = size; }

  double data(std::size_t node) const { return cells_[node].data; }
  double grad(std::size_t node) const { return cells_[node].grad; }
  void set_data(std::size_t node, double data) { cells_[node].data = data; }
  void set_grad(std::size_t node, double grad) { cells_[node].grad = grad; }

  // Sets the data of a node that an operation made, as if that had come out: an exponential's own
  // derivative too.
  void replace_result(std::size_t node, double data);

  Node node(std::size_t node) const;

 private:
  friend class Value;

  struct Cell {
    double data;
    double grad;
  };

  struct Children {
    std::uint32_t left;
    std::uint32_t right;  // the same as left for a node with one child
  };

  // What only some kinds of nodes need.
  union Extra {
    double exponent;      // kPow, whose local gradient follows from it
    double local_grad;    // kLog, kExp, kRelu
    std::uint32_t terms;  // kDot
  };

  // The kind of a node, and marks that a walk leaves. Leaves always count as visited: they pass no
  // gradient on. (Not a byte, because a store through a byte may change any object, and the
  // compiler would read the arrays' addresses again after each.)
  using State = std::uint16_t;
  static constexpr State kVisited = 8;
  static constexpr State kWhole = 16;  // a kDot whose products all come right before it

  void reserve(std::size_t more) {
    if (capacity_ - size_ < more) grow(more);
  }

  std::uint32_t push(State state, double data, std::uint32_t left, std::uint32_t right) {
    reserve(1);
    const auto node = static_cast<std::uint32_t>(size_++);
    put(node, state, data, left, right);
    return node;
  }

  void put(std::uint32_t node, State state, double data, std::uint32_t left, std::uint32_t right) {
    cells_[node] = {data, 0.0};
    children_[node] = {left, right};
    state_[node] = state;
  }

  void grow(std::size_t more);
  std::uint32_t push_pow(double exponent, std::uint32_t base);
  std::uint32_t push_unary(Kind kind, double data, double local_grad, std::uint32_t child);
  std::uint32_t push_dot(const Value* a, const Value* b, std::size_t n);
  double unary_local_grad(std::uint32_t node) const;
  bool operands_visited(std::uint32_t dot) const;
  std::uint32_t* sort(std::uint32_t root);
  void pass_on(std::uint32_t node);
  void backward(std::uint32_t root);

  // What is used together stands together: the walk that sorts the graph reads only children_ and
  // state_, which then stay in the cache. (A number and its gradient in two arrays would lie a
  // multiple of 4 KiB apart, where processors mistake a load for one of the store just before.)
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::unique_ptr<Cell[]> cells_;
  std::unique_ptr<Extra[]> extra_;
  std::unique_ptr<Children[]> children_;
  std::unique_ptr<State[]> state_;
  std::unique_ptr<std::uint32_t[]> sorted_;  // by the last walk
  std::unique_ptr<std::uint32_t[]> stack_;   // of the walk
};

// One number of a graph. Each operator makes a node that holds its result and its local gradients,
// exactly the nodes that microgpt.py makes: a - b is a + b * -1, a / b is a * b ** -1, and a plain
// number becomes a leaf.
class Value {
 public:
  Value(Tape& tape, std::uint32_t node) : tape_(&tape), node_(node) {}

  double data() const { return tape_->data(node_); }
  double grad() const { return tape_->grad(node_); }
  std::size_t node() const { return node_; }

  friend Value operator+(Value a, Value b) { return a.make(Tape::kAdd, a.data() + b.data(), b); }
  friend Value operator*(Value a, Value b) { return a.make(Tape::kMul, a.data() * b.data(), b); }

  Value pow(double exponent) const;
  Value log() const;
  Value exp() const;
  Value relu() const;

  // sum(a[i] * b[i] for i in range(n)), n > 0: the very nodes that the operators above make, all in
  // one go, because nine in ten nodes of a GPT's graph are made here.
  friend Value dot(const Value* a, const Value* b, std::size_t n) { return a->make_dot(a, b, n); }

  friend Value operator+(Value a, double b) { return a + a.tape_->leaf(b); }
  friend Value operator*(Value a, double b) { return a * a.tape_->leaf(b); }
  friend Value operator-(Value a) { return a * -1.0; }
  friend Value operator-(Value a, Value b) { return a + -b; }
  friend Value operator-(Value a, double b) { return a + -b; }
  friend Value operator/(Value a, Value b) { return a * b.pow(-1.0); }
  friend Value operator/(Value a, double b);
  friend Value operator+(double a, Value b) { return b + a; }
  friend Value operator*(double a, Value b) { return b * a; }
  friend Value operator-(double a, Value b) { return -b + a; }
  friend Value operator/(double a, Value b) { return b.pow(-1.0) * a; }

  // Adds to the gradient of every node below this one its part of d(this)/d(node), by the chain
  // rule; this one's own gradient becomes 1. A second call adds on top of the first, to the nodes
  // between as well, as microgpt.py's does.
  void backward() const { tape_->backward(node_); }

 private:
  friend class Tape;

  Value make_dot(const Value* a, const Value* b, std::size_t n) const {
    return {*tape_, tape_->push_dot(a, b, n)};
  }
  Value make(Tape::Kind kind, double data, Value other) const {
    return {*tape_, tape_->push(kind, data, node_, other.node_)};
  }

  Tape* tape_;
  std::uint32_t node_;
};

inline Value Tape::leaf(double data) { return {*this, push(kLeaf | kVisited, data, 0, 0)}; }

}  // namespace microgpt::reference
