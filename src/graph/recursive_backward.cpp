#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/error.h"
#include "microgpt/graph.h"

namespace microgpt {
namespace {

// By more than what another order of additions does.
bool differ(double a, double b) {
  return std::abs(a - b) > 1e-9 * std::max(std::abs(a), std::abs(b));
}

bool is_child(const Graph& graph, std::uint32_t child, std::uint32_t node) {
  return graph.op[node] != Op::kLeaf && (graph.left[node] == child || graph.right[node] == child);
}

}  // namespace

// The recursion is `waiting` here: what is called, and how many of its children are done.
RecursiveBackward recursive_backward(const Graph& graph, std::size_t max_calls) {
  RecursiveBackward result{std::vector<double>(graph.size()),
                           std::vector<std::size_t>(graph.size()),
                           std::vector<double>(graph.size())};
  std::vector<std::pair<std::uint32_t, int>> waiting;
  std::size_t calls = 0;
  const auto call = [&](std::uint32_t node, double gradient) {
    if (++calls > max_calls) {
      throw Error(
          fmt::format("graph: a backward without topological order takes more than {} calls "
                      "here, one for each path from the root; look at a smaller part",
                      max_calls));
    }
    result.grad[node] += gradient;
    result.passed_on[node] += result.grad[node];
    ++result.calls[node];
    waiting.emplace_back(node, 0);
  };
  call(graph.root, 1.0);
  while (!waiting.empty()) {
    auto& [node, done] = waiting.back();
    if (done == num_children(graph.op[node])) {
      waiting.pop_back();
    } else if (const double grad = result.grad[node]; done++ == 0) {
      call(graph.left[node], graph.left_local_grad[node] * grad);
    } else {
      call(graph.right[node], graph.right_local_grad[node] * grad);
    }
  }
  return result;
}

std::optional<Difference> first_difference(const Graph& graph, const RecursiveBackward& recursive) {
  const auto order = topological_order(graph);
  const auto node = std::find_if(order.rbegin(), order.rend(), [&](std::uint32_t i) {
    return differ(graph.grad[i], recursive.grad[i]);
  });
  if (node == order.rend()) return std::nullopt;
  const auto cause = std::find_if(order.rbegin(), node, [&](std::uint32_t i) {
    return is_child(graph, *node, i) && differ(graph.grad[i], recursive.passed_on[i]);
  });
  return Difference{*node, cause == node ? graph.root : *cause};
}

}  // namespace microgpt
