// A graph's numbers for other leaves.
#include "graph/tape_graph.h"
#include "microgpt/graph.h"
#include "reference/value.h"

namespace microgpt {

using reference::Tape;
using reference::Value;

namespace {

// Node i of the graph becomes node i of the tape.
Value again(Tape& tape, const Graph& graph, std::uint32_t i) {
  const Value left(tape, graph.left[i]);
  const Value right(tape, graph.right[i]);
  switch (graph.op[i]) {
    case Op::kAdd:
      return left + right;
    case Op::kMul:
      return left * right;
    case Op::kPow:
      return left.pow(graph.exponent[i]);
    case Op::kLog:
      return left.log();
    case Op::kExp:
      return left.exp();
    case Op::kRelu:
      return left.relu();
    case Op::kLeaf:
      break;
  }
  return tape.leaf(graph.data[i]);
}

}  // namespace

void recompute(Graph& graph) {
  Tape tape;
  for (std::uint32_t i = 0; i < graph.size(); ++i) again(tape, graph, i);
  Graph made = graph_of(tape, graph.root);
  graph.data = std::move(made.data);
  graph.grad = std::move(made.grad);
  graph.left_local_grad = std::move(made.left_local_grad);
  graph.right_local_grad = std::move(made.right_local_grad);
}

}  // namespace microgpt
