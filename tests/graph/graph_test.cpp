#include "microgpt/graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "graph/random_expression.h"
#include "graph/tape_graph.h"
#include "microgpt/expression.h"
#include "microgpt/trace.h"
#include "reference/value.h"
#include "support/message_of.h"
#include "trace/dual.h"

namespace microgpt {
namespace {

Graph graph_with_gradients(std::string_view text) {
  Graph graph = graph_of_expression(text);
  backward(graph, topological_order(graph));
  return graph;
}

// Those random programs that can be computed.
std::vector<Graph> random_graphs(unsigned programs) {
  std::vector<Graph> graphs;
  for (unsigned seed = 1; seed <= programs; ++seed) {
    const std::string text = test::RandomExpression(seed).program();
    if (message_of([&] { graphs.push_back(graph_of_expression(text, "L")); }) != "no error")
      continue;
    backward(graphs.back(), topological_order(graphs.back()));
  }
  return graphs;
}

using test::Dual;

Dual compute(Op op, Dual a, Dual b, double exponent) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kMul:
      return a * b;
    case Op::kPow:
      return a.pow(exponent);
    case Op::kLog:
      return a.log();
    case Op::kExp:
      return a.exp();
    default:
      return a.relu();
  }
}

// The root, with one leaf set to another number.
Dual evaluate(const Graph& graph, std::uint32_t leaf, Dual leaf_value) {
  std::vector<Dual> values;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (graph.op[i] == Op::kLeaf) {
      values.push_back(i == leaf ? leaf_value : Dual(graph.data[i]));
    } else {
      values.push_back(
          compute(graph.op[i], values[graph.left[i]], values[graph.right[i]], graph.exponent[i]));
    }
  }
  return values[graph.root];
}

// The sum over all paths from a node down to a leaf of the product of local gradients.
double sum_of_paths(const Graph& graph, std::uint32_t from, std::uint32_t to) {
  if (from == to) return 1;
  double sum = 0;
  const int children = num_children(graph.op[from]);
  if (children > 0) sum += graph.left_local_grad[from] * sum_of_paths(graph, graph.left[from], to);
  if (children > 1)
    sum += graph.right_local_grad[from] * sum_of_paths(graph, graph.right[from], to);
  return sum;
}

TEST(Graph, TopologicalOrderIsLeftChildFirst) {
  const Graph graph = graph_of_expression("L = c + a; c = a*b; a=2; b=3");
  std::string names;
  for (const std::uint32_t i : topological_order(graph)) names += graph.name[i];
  EXPECT_EQ(names, "abcL");
}

TEST(Graph, BackwardEqualsTheTapes) {
  std::mt19937 random(1);
  for (int program = 0; program < 50; ++program) {
    reference::Tape tape;
    std::vector<reference::Value> values;
    for (int i = 0; i < 6; ++i) values.push_back(tape.leaf(0.3 + 0.1 * i));
    const auto any = [&] { return values[random() % values.size()]; };
    for (int i = 0; i < 80; ++i) {
      const std::array<reference::Value, 3> a = {any(), any(), any()}, b = {any(), any(), any()};
      switch (random() % 4) {
        case 0:
          values.push_back(dot(a.data(), b.data(), 3) * 0.1);
          break;
        case 1:
          values.push_back((a[0] - b[0]).relu());
          break;
        case 2:
          values.push_back((a[0] * a[0] + 1.0).pow(-0.5));
          break;
        default:
          values.push_back(a[0] * b[0] + a[1]);
      }
    }
    values.back().backward();
    const Graph tapes = graph_of(tape, values.back().node());
    Graph ours = tapes;
    backward(ours, topological_order(ours));
    for (std::size_t i = 0; i < tape.size(); ++i) ASSERT_EQ(ours.grad[i], tapes.grad[i]);
  }
}

TEST(Graph, BackwardEqualsTheTapesOnARealStep) {
  const Model toy = toy_model();
  TraceOptions options;
  options.backward = true;
  const Trace step = trace(toy.config, toy.state, toy.tokenizer.encode_document("abc"), options);
  Graph graph = step.graph;
  backward(graph, topological_order(graph));
  ASSERT_GT(graph.size(), 1000u);
  for (std::size_t i = 0; i < graph.size(); ++i) ASSERT_EQ(graph.grad[i], step.graph.grad[i]) << i;
}

TEST(Graph, BackwardInTurns) {
  Graph graph = graph_of_expression("L = c + a; c = a*b; a=2; b=3");
  const auto order = topological_order(graph);
  const std::vector<std::vector<double>> grads = {{0, 0, 0, 1}, {1, 0, 1, 1}, {4, 2, 1, 1},
                                                  {4, 2, 1, 1}, {4, 2, 1, 1}, {4, 2, 1, 1}};
  for (std::size_t turns = 0; turns < grads.size(); ++turns) {
    backward(graph, order, turns);
    EXPECT_EQ(graph.grad, grads[turns]) << turns;
  }
}

TEST(Graph, PassesOfANodeUsedTwiceByOne) {
  Graph graph = graph_of_expression("L = a*a; a=3");
  backward(graph, topological_order(graph), 0);
  const auto passes = gradient_passes(graph, graph.root);
  ASSERT_EQ(passes.size(), 2u);
  EXPECT_EQ(passes[0].after, 3);
  EXPECT_EQ(passes[1].before, 3);
  EXPECT_EQ(passes[1].after, 6);
  pass_gradient_on(graph, graph.root);
  EXPECT_EQ(graph.grad[0], 6);
}

// Whole numbers, so that nothing is rounded.
TEST(Graph, GradientIsTheSumOverAllPaths) {
  for (const char* text :
       {"L = a*b + a; a=2; b=3", "(a+b)*(a-b)*(a*b+a)*(a+a+b)*b; a=3; b=-2",
        "c = b*b + b; b = a*a + a*3; a = -2", "relu(a*b - c)**3 * a; a=2; b=5; c=7",
        "x3; x3=x2+x2; x2=x1*x1; x1=x0+x0; x0=3"}) {
    const Graph graph = graph_with_gradients(text);
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      EXPECT_EQ(graph.grad[i], sum_of_paths(graph, graph.root, i)) << text << ", node " << i;
    }
  }
}

TEST(Graph, GradientsOfRandomExpressions) {
  int compared = 0;
  for (const Graph& graph : random_graphs(300)) {
    double largest = 1;
    for (const double data : graph.data) largest = std::max(largest, std::abs(data));
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      if (graph.op[i] != Op::kLeaf) continue;
      const double x = graph.data[i], grad = graph.grad[i];
      double scale = 0;  // of what cancels
      for (std::size_t j = 0; j < graph.size(); ++j) {
        scale = std::max(scale, std::abs(graph.grad[j]));
      }
      const double forward = evaluate(graph, i, Dual(x, 1)).derivative();
      ASSERT_NEAR(grad, forward, 1e-10 * std::max(scale, std::abs(grad)));
      if (scale > 1e3 || largest > 1e3) continue;  // central differences would be too rough
      const double h = 1e-5;
      const double up = evaluate(graph, i, Dual(x + h)).data();
      const double down = evaluate(graph, i, Dual(x - h)).data();
      const bool smooth =
          std::abs(evaluate(graph, i, Dual(x + h, 1)).derivative() -
                   evaluate(graph, i, Dual(x - h, 1)).derivative()) < 1e-3 * (1 + std::abs(grad));
      if (!smooth) continue;
      ++compared;
      ASSERT_NEAR(grad, (up - down) / (2 * h), 1e-4 * (1 + std::abs(grad)));
    }
  }
  EXPECT_GT(compared, 300);
}

TEST(RecursiveBackward, PassesOnAgainWhatItPassedOn) {
  const Graph graph = graph_with_gradients("c = b + b; b = a + a; a = 1");
  const RecursiveBackward recursive = recursive_backward(graph);
  EXPECT_EQ(graph.grad, (std::vector<double>{4, 2, 1}));
  EXPECT_EQ(recursive.grad, (std::vector<double>{6, 2, 1}));
  EXPECT_EQ(recursive.calls, (std::vector<std::size_t>{4, 2, 1}));
  EXPECT_EQ(recursive.passed_on[1], 3);
  const auto difference = first_difference(graph, recursive);
  ASSERT_TRUE(difference);
  EXPECT_EQ(graph.name[difference->node], "a");
  EXPECT_EQ(graph.name[difference->cause], "b");
}

// As people write it, in recursive words.
void recurse(Graph& graph, std::uint32_t node) {
  for (int side = 0; side < num_children(graph.op[node]); ++side) {
    const std::uint32_t child = side == 0 ? graph.left[node] : graph.right[node];
    const double local = side == 0 ? graph.left_local_grad[node] : graph.right_local_grad[node];
    graph.grad[child] += local * graph.grad[node];
    recurse(graph, child);
  }
}

TEST(RecursiveBackward, IsTheRecursion) {
  int wrong = 0;
  for (const Graph& graph : random_graphs(150)) {
    Graph recursed = graph;
    backward(recursed, {});
    recurse(recursed, recursed.root);
    const RecursiveBackward recursive = recursive_backward(graph);
    ASSERT_EQ(recursive.grad, recursed.grad);
    const auto difference = first_difference(graph, recursive);
    if (!difference) continue;
    ++wrong;
    EXPECT_GT(recursive.calls[difference->cause], 1u);
    EXPECT_NE(recursive.passed_on[difference->cause], graph.grad[difference->cause]);
  }
  EXPECT_GT(wrong, 10);
}

TEST(RecursiveBackward, AgreesWhereNothingIsSharedAndIsBounded) {
  const Graph tree = graph_with_gradients("relu(x*w + b) * exp(y); x=2; w=3; b=1; y=0.5");
  EXPECT_FALSE(first_difference(tree, recursive_backward(tree)));
  std::string doubling = "x40";
  for (int i = 40; i > 0; --i) {
    doubling +=
        ";x" + std::to_string(i) + "=x" + std::to_string(i - 1) + "+x" + std::to_string(i - 1);
  }
  const Graph graph = graph_with_gradients(doubling + ";x0=1e-9");
  EXPECT_NE(message_of([&] { recursive_backward(graph); }).find("takes 2.2e+12 calls here"),
            std::string::npos);
}

// What is left where terms cancel is rounding, whoever adds them.
TEST(RecursiveBackward, RoundingIsNoDifference) {
  const Graph canceled = graph_with_gradients("L = 0.1*a + 0.2*a - 0.3*a; a=1");
  EXPECT_NE(recursive_backward(canceled).grad, canceled.grad);
  EXPECT_FALSE(first_difference(canceled, recursive_backward(canceled)));
  // p passes on too much, but nothing of it to a, which comes before z.
  const Graph graph =
      graph_with_gradients("L = p + p + 0.1*a + 0.2*a - 0.3*a; p = z*a; z = 0; a = 1");
  const RecursiveBackward recursive = recursive_backward(graph);
  const auto a = static_cast<std::size_t>(std::ranges::find(graph.name, "a") - graph.name.begin());
  EXPECT_NE(recursive.grad[a], graph.grad[a]);
  const auto difference = first_difference(graph, recursive);
  ASSERT_TRUE(difference);
  EXPECT_EQ(graph.name[difference->node], "z");
  EXPECT_EQ(graph.name[difference->cause], "p");
}

TEST(PartOf, LevelsBelowAndAbove) {
  const Graph graph = graph_with_gradients("L = d*f; d = e + c; e = a*b; a=2; b=-3; c=10; f=-2");
  const auto names = [&](const std::string& of, std::size_t below, std::size_t above) {
    const auto it = std::find(graph.name.begin(), graph.name.end(), of);
    const Graph part =
        part_of(graph, static_cast<std::uint32_t>(it - graph.name.begin()), below, above);
    EXPECT_EQ(part.name[part.root].substr(0, of.size()), of);
    std::string all;
    for (std::uint32_t i = 0; i < part.size(); ++i) {
      all += part.name[i] + (i + 1 < part.size() ? ", " : "");
      EXPECT_LE(part.left[i], i);
      EXPECT_LE(part.right[i], i);
    }
    return all;
  };
  EXPECT_EQ(names("d", 0, 0), "d ...");
  EXPECT_EQ(names("d", 1, 0), "e ..., c, d");
  EXPECT_EQ(names("d", 9, 0), "a, b, e, c, d");
  EXPECT_EQ(names("d", 0, 1), "d ..., f, L");
  EXPECT_EQ(names("a", 0, 2), "a, b, e, c, d");
  EXPECT_EQ(names("a", 0, 9), "a, b, e, c, d, f, L");
  Graph part = part_of(graph, graph.root, 9);
  EXPECT_EQ(part.grad, graph.grad);
  backward(part, topological_order(part));
  EXPECT_EQ(part.grad, graph.grad);
}

TEST(Depth, IsTheLongestPath) {
  EXPECT_EQ(depth(graph_of_expression("2")), 0u);
  EXPECT_EQ(depth(graph_of_expression("a*b + a; a=2; b=3")), 2u);
  EXPECT_EQ(depth(graph_of_expression("a + relu(exp(log(a))); a=2")), 4u);
}

}  // namespace
}  // namespace microgpt
