// A computation made of single numbers, to look at: micrograd's graph of data, grad and operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace microgpt {

// What microgpt.py's Value can do. Everything else is made of these: a - b is a + b * -1, and a / b
// is a * b ** -1.
enum class Op : std::uint8_t { kLeaf, kAdd, kMul, kPow, kLog, kExp, kRelu };

// "", "+", "*", "**", "log", "exp", "relu"
std::string_view to_string(Op op);

inline int num_children(Op op) {
  if (op == Op::kLeaf) return 0;
  return op == Op::kAdd || op == Op::kMul ? 2 : 1;
}

// Nodes in columns, one entry for each node; children come before their parents.
struct Graph {
  std::vector<Op> op;
  std::vector<double> data;
  std::vector<double> grad;         // 0 before a backward pass
  std::vector<std::uint32_t> left;  // children: the node itself where it has none
  std::vector<std::uint32_t> right;
  std::vector<double> left_local_grad;  // d(node) / d(child); 0 where it has none
  std::vector<double> right_local_grad;
  std::vector<double> exponent;  // of a power; else 0
  std::uint32_t root = 0;        // the number whose gradients are asked for

  std::size_t size() const { return op.size(); }
};

// The nodes below the root and the root itself, children before parents: microgpt.py's `topo`, a
// depth-first walk that visits the left child first.
std::vector<std::uint32_t> topological_order(const Graph& graph);

// Adds to the gradients of a node's children their part of its own, by the chain rule: one turn of
// the loop in microgpt.py's backward().
void pass_gradient_on(Graph& graph, std::uint32_t node);

// Value.backward(): all gradients are 0 at first, the root's is 1, and each node of the order, the
// last one first, passes its own on. Does the first num_steps of these turns only.
void backward(Graph& graph, const std::vector<std::uint32_t>& order,
              std::size_t num_steps = SIZE_MAX);

}  // namespace microgpt
