#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "microgpt/error.h"
#include "microgpt/graph.h"

namespace microgpt {
namespace {

// Of each node, the sum over all paths from the root of the product of what their steps weigh.
template <class Weigh>
std::vector<double> sum_over_paths(const Graph& graph, const std::vector<std::uint32_t>& order,
                                   Weigh weigh) {
  std::vector<double> sums(graph.size());
  sums[graph.root] = 1.0;
  std::for_each(order.rbegin(), order.rend(), [&](std::uint32_t i) {
    for_each_child(graph, i, [&](std::uint32_t child, double local_grad) {
      sums[child] += weigh(local_grad) * sums[i];
    });
  });
  return sums;
}

void check_calls(const Graph& graph, std::size_t max_calls) {
  const std::vector<double> calls =
      sum_over_paths(graph, topological_order(graph), [](double) { return 1.0; });
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
  // What the gradients would be if nothing canceled: rounding is small beside this.
  const std::vector<double> scales =
      sum_over_paths(graph, order, [](double local_grad) { return std::abs(local_grad); });
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
