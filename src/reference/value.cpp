#include "reference/value.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/error.h"
#include "random/py_pow.h"

namespace microgpt::reference {
namespace {

constexpr std::size_t kFirstCapacity = 1 << 16;
constexpr std::uint64_t kMaxNodes = std::uint64_t{1} << 32;  // an index has 32 bits

// Pages of the part that is not copied are first touched when nodes need them.
template <class T>
void enlarge(std::unique_ptr<T[]>& array, std::size_t size, std::size_t capacity) {
  std::unique_ptr<T[]> larger(new T[capacity]);
  std::copy_n(array.get(), size, larger.get());
  array = std::move(larger);
}

}  // namespace

void Tape::grow(std::size_t more) {
  const std::size_t capacity = std::max({kFirstCapacity, 2 * capacity_, capacity_ + more});
  if (std::uint64_t{capacity} > kMaxNodes) {
    throw Error("graph: too many nodes, expected at most 4,294,967,296; use a smaller model");
  }
  enlarge(cells_, size_, capacity);
  enlarge(extra_, size_, capacity);
  enlarge(children_, size_, capacity);
  enlarge(state_, size_, capacity);
  enlarge(sorted_, 0, capacity);
  enlarge(stack_, 0, capacity);
  capacity_ = capacity;
}

std::uint32_t Tape::push_pow(double exponent, std::uint32_t base) {
  const std::uint32_t node = push(kPow, py_pow(cells_[base].data, exponent), base, base);
  extra_[node].exponent = exponent;
  return node;
}

std::uint32_t Tape::push_unary(Kind kind, double data, double local_grad, std::uint32_t child) {
  const std::uint32_t node = push(kind, data, child, child);
  extra_[node].local_grad = local_grad;
  return node;
}

// The nodes of a sum of products, and where they stand below the last one, `dot`:
//
//   a0*b0   0   a0*b0 + 0   a1*b1   ... + a1*b1   ...   a[n-1]*b[n-1]   dot
//   -2n                                                 -1              0
//
// The last is an addition like the others; its kind says that all this lies below it, so that the
// walks can take it in one go. Making them in one go keeps the sum and the next node's index in
// registers, where operators store and load both for each node.
std::uint32_t Tape::push_dot(const Value* a, const Value* b, std::size_t n) {
  reserve(2 * n + 1);
  const auto first = static_cast<std::uint32_t>(size_);
  double total = a[0].data() * b[0].data();
  put(first, kMul, total, a[0].node_, b[0].node_);
  put(first + 1, kLeaf | kVisited, 0.0, 0, 0);
  total += 0.0;
  put(first + 2, kAdd, total, first, first + 1);
  std::uint32_t last = first + 2;
  for (std::size_t i = 1; i < n; ++i, last += 2) {
    const double product = a[i].data() * b[i].data();
    total += product;
    put(last + 1, kMul, product, a[i].node_, b[i].node_);
    put(last + 2, kAdd, total, last, last + 1);
  }
  state_[last] = kDot;
  extra_[last].terms = static_cast<std::uint32_t>(n);
  size_ = last + 1;
  return last;
}

bool Tape::operands_visited(std::uint32_t dot) const {
  const auto visited = [this](std::uint32_t product) {
    const auto [left, right] = children_[product];
    return (state_[left] & state_[right] & kVisited) != 0;
  };
  const std::uint32_t first = dot - 2 * extra_[dot].terms;
  for (std::uint32_t product = first + 3; product < dot; product += 2) {
    if (!visited(product)) return false;
  }
  return visited(first);
}

// Writes to sorted_ the nodes below root that have children, each behind its own, and returns where
// they end: the order in which microgpt.py's build_topo appends them, left child before right. Its
// recursion is stack_ here, the nodes that wait for a child. A dot whose operands are all visited
// stands for its products and sums: nothing could come between them.
std::uint32_t* Tape::sort(std::uint32_t root) {
  State* const state = state_.get();
  const Children* const children = children_.get();
  std::uint32_t* sorted = sorted_.get();
  std::uint32_t* top = stack_.get();

  state[root] |= kVisited;
  for (std::uint32_t node = root;;) {
    const auto [left, right] = children[node];
    const bool left_visited = (state[left] & kVisited) != 0;
    if (!left_visited && state[node] == (kDot | kVisited) && operands_visited(node)) {
      state[node] |= kWhole;
    } else if (!left_visited || !(state[right] & kVisited)) {
      const std::uint32_t next = left_visited ? right : left;
      state[next] |= kVisited;
      *top++ = node;
      node = next;
      continue;
    }
    *sorted++ = node;
    if (top == stack_.get()) return sorted;
    node = *--top;
  }
}

double Tape::unary_local_grad(std::uint32_t node) const {
  if (state_[node] != kPow) return extra_[node].local_grad;
  const double exponent = extra_[node].exponent;
  return exponent * py_pow(cells_[children_[node].left].data, exponent - 1.0);
}

// child.grad += local_grad * v.grad, for the children of one node.
inline void Tape::pass_on(std::uint32_t node) {
  const auto [left, right] = children_[node];
  const double grad = cells_[node].grad;
  const State kind = state_[node];
  if (kind == kMul) {
    cells_[left].grad += cells_[right].data * grad;
    cells_[right].grad += cells_[left].data * grad;
  } else if (kind <= kDot) {
    cells_[left].grad += grad;
    cells_[right].grad += grad;
  } else {
    cells_[left].grad += unary_local_grad(node) * grad;
  }
}

void Tape::replace_result(std::size_t node, double data) {
  set_data(node, data);
  if ((state_[node] & (kVisited - 1)) == kExp) extra_[node].local_grad = data;
}

Tape::Node Tape::node(std::size_t index) const {
  const auto node = static_cast<std::uint32_t>(index);
  const auto kind = static_cast<Kind>(state_[node] & (kVisited - 1));
  const auto [left, right] = children_[node];
  switch (kind) {
    case kLeaf:
      return {kLeaf, left, right, 0.0, 0.0, 0.0};
    case kAdd:
    case kDot:
      return {kAdd, left, right, 1.0, 1.0, 0.0};
    case kMul:
      return {kMul, left, right, cells_[right].data, cells_[left].data, 0.0};
    default:
      return {kind,  left,
              right, unary_local_grad(node),
              0.0,   kind == kPow ? extra_[node].exponent : 0.0};
  }
}

void Tape::backward(std::uint32_t root) {
  cells_[root].grad = 1.0;
  if (state_[root] & kVisited) return;  // a leaf
  for (const std::uint32_t* it = sort(root); it != sorted_.get();) {
    const std::uint32_t node = *--it;
    const bool whole = (state_[node] & kWhole) != 0;
    state_[node] &= static_cast<State>(~(kVisited | kWhole));
    pass_on(node);
    if (!whole) continue;
    const std::uint32_t first = node - 2 * extra_[node].terms;
    for (std::uint32_t below = node - 1; below > first + 1; --below) pass_on(below);
    pass_on(first);
  }
}

Value operator/(Value a, double b) { return a * py_pow(b, -1.0); }

Value Value::pow(double exponent) const { return {*tape_, tape_->push_pow(exponent, node_)}; }

Value Value::log() const {
  return {*tape_, tape_->push_unary(Tape::kLog, std::log(data()), 1.0 / data(), node_)};
}

Value Value::exp() const {
  const double e = std::exp(data());
  return {*tape_, tape_->push_unary(Tape::kExp, e, e, node_)};
}

Value Value::relu() const {
  const bool fires = data() > 0;
  return {*tape_, tape_->push_unary(Tape::kRelu, fires ? data() : 0.0, fires ? 1.0 : 0.0, node_)};
}

}  // namespace microgpt::reference
