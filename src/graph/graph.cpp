#include "microgpt/graph.h"

#include <algorithm>
#include <array>

namespace microgpt {

std::string_view to_string(Op op) {
  static constexpr std::array<std::string_view, 7> kNames = {"",    "+",   "*",   "**",
                                                             "log", "exp", "relu"};
  return kNames[static_cast<std::size_t>(op)];
}

// The recursion of build_topo is `waiting` here: a real step's graph is thousands of nodes deep.
std::vector<std::uint32_t> topological_order(const Graph& graph) {
  std::vector<bool> visited(graph.size());
  std::vector<std::uint32_t> waiting = {graph.root};
  std::vector<std::uint32_t> order;
  visited[graph.root] = true;
  while (!waiting.empty()) {
    const std::uint32_t node = waiting.back();
    const auto next = !visited[graph.left[node]] ? graph.left[node] : graph.right[node];
    if (visited[next]) {
      order.push_back(node);
      waiting.pop_back();
    } else {
      visited[next] = true;
      waiting.push_back(next);
    }
  }
  return order;
}

std::vector<GradientPass> gradient_passes(const Graph& graph, std::uint32_t node) {
  std::vector<GradientPass> passes;
  for_each_child(graph, node, [&](std::uint32_t child, double local_grad) {
    const bool again = !passes.empty() && passes[0].child == child;
    const double before = again ? passes[0].after : graph.grad[child];
    passes.push_back({node, child, local_grad, before, before + local_grad * graph.grad[node]});
  });
  return passes;
}

void pass_gradient_on(Graph& graph, std::uint32_t node) {
  for_each_child(graph, node, [&](std::uint32_t child, double local_grad) {
    graph.grad[child] += local_grad * graph.grad[node];
  });
}

void backward(Graph& graph, const std::vector<std::uint32_t>& order, std::size_t num_steps) {
  std::fill(graph.grad.begin(), graph.grad.end(), 0.0);
  graph.grad[graph.root] = 1.0;
  const std::size_t steps = std::min(num_steps, order.size());
  for (std::size_t i = 0; i < steps; ++i) pass_gradient_on(graph, order[order.size() - 1 - i]);
}

std::size_t depth(const Graph& graph) {
  std::vector<std::size_t> depths(graph.size());
  for (const std::uint32_t node : topological_order(graph)) {
    if (graph.op[node] == Op::kLeaf) continue;
    depths[node] = 1 + std::max(depths[graph.left[node]], depths[graph.right[node]]);
  }
  return depths[graph.root];
}

}  // namespace microgpt
