// A program that is accepted makes a graph of finite numbers whose walks agree: children before
// parents, gradients as passed on in turns, a part of everything the same, and pictures of it. One
// that is refused is told where.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "microgpt/error.h"
#include "microgpt/expression.h"
#include "microgpt/graph_picture.h"

using namespace microgpt;

namespace {

void check_graph(Graph& graph) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const bool leaf = graph.op[i] == Op::kLeaf;
    check(std::isfinite(graph.data[i]), "a number that is not finite");
    check(std::isfinite(graph.left_local_grad[i]) && std::isfinite(graph.right_local_grad[i]),
          "a local gradient that is not finite");
    check(leaf ? graph.left[i] == i : graph.left[i] < i && graph.right[i] < i,
          "a child after its parent");
  }
  const auto order = topological_order(graph);
  check(!order.empty() && order.back() == graph.root && order.size() <= graph.size(), "the order");
  backward(graph, order);
  check(graph.grad[graph.root] == 1.0, "the root's gradient");
  const Graph whole = part_of(graph, graph.root, SIZE_MAX);
  check(whole.size() == order.size(), "all below the root is more or less than the order");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Graph graph;
  try {
    graph = graph_of_expression(text);
  } catch (const Error& error) {
    const std::string_view what = error.what();
    check(what.starts_with("expression: "), "an error that does not say where");
    check(what.ends_with('^') || size > kMaxExpression, "an error without a caret");
    return 0;
  }
  check_graph(graph);
  check(!format_dot(graph).empty(), "no text");
  if (graph.size() <= 60) check(format_svg(graph).ends_with("</svg>\n"), "no picture");
  return 0;
}
