// Gradients, found in three other ways: along every path of the graph, by forward mode, and by
// central differences.
#include <gtest/gtest.h>

#include <cmath>

#include "microgpt/numerical_gradient.h"
#include "reference/gpt.h"
#include "reference/weights.h"
#include "trace/dual.h"
#include "trace/steps.h"

namespace microgpt::test {
namespace {

// Walks all paths from the root down, and adds to each node the product of the local gradients on
// each path that reaches it.
void add_paths(const Graph& graph, std::uint32_t node, double product, std::vector<double>& sums,
               std::size_t& num_paths) {
  sums[node] += product;
  ++num_paths;
  const int children = num_children(graph.op[node]);
  if (children > 0) {
    add_paths(graph, graph.left[node], product * graph.left_local_grad[node], sums, num_paths);
  }
  if (children > 1) {
    add_paths(graph, graph.right[node], product * graph.right_local_grad[node], sums, num_paths);
  }
}

TEST(Gradient, IsTheSumOfPathProducts) {
  const Trace trace = toy_step_with_cache().trace();
  std::vector<double> sums(trace.graph.size());
  std::size_t num_paths = 0;
  add_paths(trace.graph, trace.graph.root, 1.0, sums, num_paths);
  EXPECT_GT(num_paths, 10'000u);
  // A sum of that many terms is off in its last digits.
  for (std::size_t node = 0; node < sums.size(); ++node) {
    EXPECT_NEAR(sums[node], trace.graph.grad[node], 1e-12) << node;
  }
}

using reference::Cache;
using reference::Vector;
using reference::Weights;

Cache<Dual> constant(const std::vector<std::vector<std::vector<double>>>& layers) {
  Cache<Dual> cache(layers.size());
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    for (const auto& row : layers[layer]) {
      cache[layer].push_back(
          reference::map(row.size(), [&](std::size_t i) { return Dual(row[i]); }));
    }
  }
  return cache;
}

// Of the loss by one parameter.
double forward_derivative(const Step& step, std::size_t parameter) {
  const std::vector<double> params = flatten(step.state);
  const auto weights = reference::read_weights<Dual>(
      step.config, [&](std::size_t i) { return Dual(params[i], i == parameter ? 1.0 : 0.0); });
  const auto num_layers = static_cast<std::size_t>(step.config.n_layer);
  Cache<Dual> keys(num_layers), values(num_layers);
  if (step.options.cache) {
    keys = constant(step.options.cache->keys);
    values = constant(step.options.cache->values);
  }
  Vector<Dual> losses;
  for (std::size_t pos = keys.front().size(); pos + 1 < step.tokens.size(); ++pos) {
    losses.push_back(
        reference::token_loss(step.config, weights, static_cast<std::size_t>(step.tokens[pos]),
                              static_cast<std::size_t>(step.tokens[pos + 1]), pos, keys, values));
  }
  return reference::mean_loss(losses, losses.size()).derivative();
}

TEST(Gradient, IsThatOfForwardMode) {
  for (const Step& step : steps()) {
    SCOPED_TRACE(step.name);
    const Trace trace = step.trace();
    for (std::size_t i = 0; i < step.config.num_params(); ++i) {
      const double grad = trace.graph.grad[i];  // the parameters stand first
      EXPECT_NEAR(forward_derivative(step, i), grad, 1e-13 + 1e-11 * std::abs(grad)) << i;
    }
  }
}

TEST(Gradient, IsThatOfCentralDifferences) {
  constexpr double kStep = 1e-6;
  for (const Step& step : {toy_step(), toy_step_with_cache()}) {
    SCOPED_TRACE(step.name);
    const Trace trace = step.trace();
    Step moved = step;
    moved.options.backward = false;
    const auto loss = [&](const std::vector<double>& params) {
      auto x = params.begin();
      for (Tensor& tensor : moved.state.params) {
        for (double& data : tensor.data) data = *x++;
      }
      return number_at(moved.trace(), "loss");
    };
    const std::vector<double> gradient = numerical_gradient(loss, flatten(step.state), kStep);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      EXPECT_NEAR(gradient[i], trace.graph.grad[i], 1e-9) << i;
    }
  }
}

}  // namespace
}  // namespace microgpt::test
