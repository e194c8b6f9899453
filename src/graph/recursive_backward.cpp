#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "microgpt/error.h"
#include "microgpt/graph.h"

namespace microgpt {
namespace {

// Of each node, the sum over all paths from the root of their local gradients' product, with all
// signs plus: what its gradient would be if nothing canceled. Rounding is small beside this.
std::vector<double> scales_of(const Graph& graph, const std::vector<std::uint32_t>& order) {
  std::vector<double> scales(graph.size());
  scales[graph.root] = 1.0;
  std::for_each(order.rbegin(), order.rend(), [&](std::uint32_t i) {
    const int children = num_children(graph.op[i]);
    if (children > 0) scales[graph.left[i]] += std::abs(graph.left_local_grad[i]) * scales[i];
    if (children > 1) scales[graph.right[i]] += std::abs(graph.right_local_grad[i]) * scales[i];
  });
  return scales;
}

// How often each node is called: once for each path from the root.
std::vector<double> count_calls(const Graph& graph) {
  std::vector<double> calls(graph.size());
  calls[graph.root] = 1.0;
  const auto order = topological_order(graph);
  std::for_each(order.rbegin(), order.rend(), [&](std::uint32_t i) {
    const int children = num_children(graph.op[i]);
    if (children > 0) calls[graph.left[i]] += calls[i];
    if (children > 1) calls[graph.right[i]] += calls[i];
  });
  return calls;
}

void check_calls(const Graph& graph, std::size_t max_calls) {
  const std::vector<double> calls = count_calls(graph);
  const double all = std::accumulate(calls.begin(), calls.end(), 0.0);
  const auto most = static_cast<double>(max_calls);
  if (all <= most) return;
  throw Error(
      fmt::format("graph: a backward without topological order takes {:.3g} calls here, one for "
                  "each path from the root, expected at most {:.3g}; look at a smaller part",
                  all, most));
}

bool is_child(const Graph& graph, std::uint32_t child, std::uint32_t node) {
  return graph.op[node] != Op::kLeaf && (graph.left[node] == child || graph.right[node] == child);
}

}  // namespace

// The recursion is `waiting` here: what is called, and how many of its children are done.
RecursiveBackward recursive_backward(const Graph& graph, std::size_t max_calls) {
  check_calls(graph, max_calls);
  RecursiveBackward result{std::vector<double>(graph.size()),
                           std::vector<std::size_t>(graph.size()),
                           std::vector<double>(graph.size())};
  std::vector<std::pair<std::uint32_t, int>> waiting;
  const auto call = [&](std::uint32_t node, double gradient) {
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
  const std::vector<double> scales = scales_of(graph, order);
  const auto differs = [&](std::uint32_t i, const std::vector<double>& wrong) {
    return std::abs(graph.grad[i] - wrong[i]) > 1e-9 * scales[i];
  };
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    if (!differs(*node, recursive.grad)) continue;
    const auto cause = std::find_if(order.rbegin(), node, [&](std::uint32_t i) {
      return is_child(graph, *node, i) && recursive.calls[i] > 1 && differs(i, recursive.passed_on);
    });
    if (cause != node) return Difference{*node, *cause};
  }
  return std::nullopt;
}

}  // namespace microgpt
