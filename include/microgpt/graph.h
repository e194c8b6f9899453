// A computation made of single numbers, to look at: micrograd's graph of data, grad and operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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
  std::vector<double> exponent;   // of a power; else 0
  std::vector<std::string> name;  // "" where it has none; several are joined by ", "
  std::uint32_t root = 0;         // the number whose gradients are asked for

  std::size_t size() const { return op.size(); }
};

// Calls f(child, local_grad) for each child of a node, the left one first.
template <class F>
void for_each_child(const Graph& graph, std::uint32_t node, F f) {
  const int children = num_children(graph.op[node]);
  if (children > 0) f(graph.left[node], graph.left_local_grad[node]);
  if (children > 1) f(graph.right[node], graph.right_local_grad[node]);
}

// The nodes below the root and the root itself, children before parents: microgpt.py's `topo`, a
// depth-first walk that visits the left child first.
std::vector<std::uint32_t> topological_order(const Graph& graph);

// child.grad += local_grad * node.grad, for one child of a node.
struct GradientPass {
  std::uint32_t node;
  std::uint32_t child;
  double local_grad;
  double before;  // child.grad
  double after;
};

// What a node would now add to its children, left before right: nothing for a leaf.
std::vector<GradientPass> gradient_passes(const Graph& graph, std::uint32_t node);

// Adds to the gradients of a node's children their part of its own, by the chain rule: one turn of
// the loop in microgpt.py's backward().
void pass_gradient_on(Graph& graph, std::uint32_t node);

// Value.backward(): all gradients are 0 at first, the root's is 1, and each node of the order, the
// last one first, passes its own on. Does the first num_steps of these turns only.
void backward(Graph& graph, const std::vector<std::uint32_t>& order,
              std::size_t num_steps = SIZE_MAX);

// What a backward without topological order leaves behind, the one that people write first:
//
//   for child, local_grad in zip(children, local_grads):
//       child.grad += local_grad * self.grad
//       child.backward()
//
// A node that is reached more than once passes on, again, what it has passed on before.
struct RecursiveBackward {
  std::vector<double> grad;
  std::vector<std::size_t> calls;  // how often each node's backward() is called
  std::vector<double> passed_on;   // the sum of each node's gradients at these calls
};

// Throws Error: it takes more than max_calls calls. There is one for each path from the root down,
// and their number may double with each node.
RecursiveBackward recursive_backward(const Graph& graph, std::size_t max_calls = 100'000'000);

struct Difference {
  std::uint32_t node;
  std::uint32_t cause;  // a parent that was reached more than once and passed on something else
};

// The first node that a backward pass comes to whose gradient the recursive one has wrong, by more
// than rounding does to the terms that it is the sum of; none if there is no such node.
//   graph: after backward
std::optional<Difference> first_difference(const Graph& graph, const RecursiveBackward& recursive);

// Computes the data of all nodes anew from that of the leaves, in the order in which they were
// made, by the operations of Value. Local gradients follow; gradients are 0 then.
void recompute(Graph& graph);

// The part of a graph around a node: down to `depth` children below it, and up to `parents` parents
// above, in the order they have. One whose children are left out becomes a leaf, and its name ends
// in " ...". The node is the root.
Graph part_of(const Graph& graph, std::uint32_t node, std::size_t depth, std::size_t parents = 0);

// The most steps from the root down to a leaf.
std::size_t depth(const Graph& graph);

}  // namespace microgpt
