#include "graph/tape_graph.h"

namespace microgpt {
namespace {

Op op_of(reference::Tape::Kind kind) {
  switch (kind) {
    case reference::Tape::kLeaf:
      return Op::kLeaf;
    case reference::Tape::kMul:
      return Op::kMul;
    case reference::Tape::kPow:
      return Op::kPow;
    case reference::Tape::kLog:
      return Op::kLog;
    case reference::Tape::kExp:
      return Op::kExp;
    case reference::Tape::kRelu:
      return Op::kRelu;
    default:
      return Op::kAdd;
  }
}

}  // namespace

Graph graph_of(const reference::Tape& tape, std::size_t root) {
  Graph graph;
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    const reference::Tape::Node node = tape.node(i);
    const bool leaf = node.kind == reference::Tape::kLeaf;
    graph.op.push_back(op_of(node.kind));
    graph.data.push_back(tape.data(i));
    graph.grad.push_back(tape.grad(i));
    graph.left.push_back(leaf ? i : node.left);
    graph.right.push_back(leaf ? i : node.right);
    graph.left_local_grad.push_back(node.left_local_grad);
    graph.right_local_grad.push_back(node.right_local_grad);
    graph.exponent.push_back(node.exponent);
  }
  graph.name.resize(graph.size());
  graph.root = static_cast<std::uint32_t>(root);
  return graph;
}

}  // namespace microgpt
