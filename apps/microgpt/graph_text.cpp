#include "graph_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "message.h"
#include "microgpt/error.h"
#include "microgpt/graph_picture.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxListed = 200;

std::string label(const Graph& graph, std::uint32_t node) {
  return printable(label_of(graph, node));
}

// The first name of a node that has several: "a ..." of "a, b ...".
std::string first_label(const Graph& graph, std::uint32_t node) {
  std::string text = label(graph, node);
  const auto comma = text.find(", ");
  if (comma == text.npos) return text;
  return text.erase(comma) + (graph.name[node].ends_with(" ...") ? " ..." : "");
}

std::string number(double x, int digits) { return fmt::format("{:.{}g}", x, digits); }

// "a * b", "relu(x)"; empty for a leaf.
std::string formula(const Graph& graph, std::uint32_t node) {
  const std::string left = first_label(graph, graph.left[node]);
  const std::string_view op = to_string(graph.op[node]);
  switch (graph.op[node]) {
    case Op::kLeaf:
      return "";
    case Op::kAdd:
    case Op::kMul:
      return fmt::format("{} {} {}", left, op, first_label(graph, graph.right[node]));
    case Op::kPow:
      return fmt::format("{} ** {}", left, graph.exponent[node]);
    default:
      return fmt::format("{}({})", op, left);
  }
}

std::string format_counts(const Graph& graph) {
  std::array<std::size_t, 7> counts{};
  for (const Op op : graph.op) ++counts[static_cast<std::size_t>(op)];
  std::string operations;
  for (std::size_t op = 1; op < counts.size(); ++op) {
    if (counts[op] == 0) continue;
    operations +=
        fmt::format("  {:<14}{:>10}\n", to_string(static_cast<Op>(op)), grouped(counts[op]));
  }
  return fmt::format("{:<16}{:>10}\n{}", "leaves", grouped(counts[0]), operations) +
         fmt::format("{:<16}{:>10}\n{:<16}{:>10}\n{:<16}  {}\n", "nodes", grouped(graph.size()),
                     "depth", grouped(depth(graph)), "root", label(graph, graph.root));
}

// Columns as wide as what is in them; the first `texts` of them flush left, numbers flush right.
std::string format_table(const std::vector<std::vector<std::string>>& rows, std::size_t texts) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i < texts ? fmt::format("  {:<{}}", row[i], widths[i])
                        : fmt::format("  {:>{}}", row[i], widths[i]);
    }
    text += "\n";
  }
  return text;
}

// Calls tell(node, passes) in each of the first turns of the backward pass, before it is done.
template <class Tell>
void for_each_turn(Graph& graph, const std::vector<std::uint32_t>& order, std::size_t turns,
                   Tell tell) {
  backward(graph, order, 0);
  for (std::size_t k = 0; k < std::min(turns, order.size()); ++k) {
    const std::uint32_t node = order[order.size() - 1 - k];
    tell(node, gradient_passes(graph, node));
    pass_gradient_on(graph, node);
  }
}

std::string format_turn(const Graph& graph, std::uint32_t node,
                        const std::vector<GradientPass>& passes, std::size_t k, int digits) {
  const std::string made = formula(graph, node);
  const std::string name = first_label(graph, node);
  std::string text = fmt::format(
      "step {}: {}, {}.grad = {}{}\n", k, made.empty() ? name : name + " = " + made, name,
      number(graph.grad[node], digits), made.empty() ? ", a leaf: nothing to pass on" : "");
  for (const GradientPass& pass : passes) {
    text += fmt::format("  {}.grad += {} * {}    {} -> {}\n", first_label(graph, pass.child),
                        number(pass.local_grad, digits), number(graph.grad[node], digits),
                        number(pass.before, digits), number(pass.after, digits));
  }
  return text;
}

std::string why(const Graph& graph, const RecursiveBackward& recursive, Difference d, int digits) {
  const std::string node = first_label(graph, d.node), cause = first_label(graph, d.cause);
  return fmt::format(
      "The first that differs, from the root down, is {}: {} instead of {}.\n"
      "Why: {} paths lead from {} down to {}, and the recursion takes each. It passes on all of\n"
      "{}.grad each time, what it passed on before included: {} in all, where the gradient is {}.\n"
      "In topological order {}'s turn comes once, when all that use it have had theirs.\n",
      node, number(recursive.grad[d.node], digits), number(graph.grad[d.node], digits),
      recursive.calls[d.cause], first_label(graph, graph.root), cause, cause,
      number(recursive.passed_on[d.cause], digits), number(graph.grad[d.cause], digits), cause);
}

std::string why_not(const Graph& graph, const RecursiveBackward& recursive) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (graph.op[i] == Op::kLeaf || recursive.calls[i] < 2) continue;
    return fmt::format("Both agree here, for what {} passes on again is 0.\n",
                       first_label(graph, i));
  }
  return "Both agree: nothing that passes a gradient on is reached twice.\n";
}

// Throws Error: see recursive_backward; it says how to look at less.
RecursiveBackward recursed(const Graph& graph) {
  try {
    return recursive_backward(graph);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: --at PATH --depth N", error.what()));
  }
}

// Whether something is left out below the nodes of a part.
bool is_cut(const Graph& graph, const std::vector<std::uint32_t>& order) {
  return std::ranges::any_of(order,
                             [&](std::uint32_t i) { return graph.name[i].ends_with(" ..."); });
}

Json json_of_node(const Graph& graph, std::uint32_t i) {
  Json node = {{"name", graph.name[i]},     {"op", to_string(graph.op[i])},
               {"data", graph.data[i]},     {"grad", graph.grad[i]},
               {"children", Json::array()}, {"local_grads", Json::array()}};
  for (const GradientPass& pass : gradient_passes(graph, i)) {
    node["children"].push_back(pass.child);
    node["local_grads"].push_back(pass.local_grad);
  }
  if (graph.op[i] == Op::kPow) node["exponent"] = graph.exponent[i];
  return node;
}

Json json_of_steps(Graph& graph, const std::vector<std::uint32_t>& order, std::size_t turns) {
  Json steps = Json::array();
  for_each_turn(graph, order, turns,
                [&](std::uint32_t node, const std::vector<GradientPass>& made) {
                  Json passes = Json::array();
                  for (const GradientPass& pass : made) {
                    passes.push_back({{"child", pass.child},
                                      {"local_grad", pass.local_grad},
                                      {"before", pass.before},
                                      {"after", pass.after}});
                  }
                  steps.push_back({{"node", node}, {"grad", graph.grad[node]}, {"passes", passes}});
                });
  return steps;
}

Json json_of_comparison(const Graph& graph) {
  const RecursiveBackward recursive = recursed(graph);
  Json json = {{"grad", recursive.grad},
               {"calls", recursive.calls},
               {"passed_on", recursive.passed_on},
               {"first_difference", nullptr}};
  if (const auto difference = first_difference(graph, recursive)) {
    json["first_difference"] = {{"node", difference->node}, {"cause", difference->cause}};
  }
  return json;
}

}  // namespace

std::string format_nodes(const Graph& graph, int digits) {
  std::string text = format_counts(graph);
  if (graph.size() > kMaxListed) return text;
  std::vector<std::vector<std::string>> rows = {{"node", "made of", "data", "grad"}};
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    rows.push_back({label(graph, i), formula(graph, i), number(graph.data[i], digits),
                    number(graph.grad[i], digits)});
  }
  return text + "\n" + format_table(rows, 2);
}

std::string format_steps(Graph graph, const GraphTextOptions& options) {
  const auto order = topological_order(graph);
  std::vector<std::string> labels;
  for (const std::uint32_t node : order) labels.push_back(first_label(graph, node));
  const std::string root = first_label(graph, graph.root);
  std::string text = fmt::format(
      "Topological order, children before what is made of them:\n  {}\n\n"
      "Backward: all gradients are 0, {}.grad = 1, then from the last to the first:\n",
      fmt::join(labels, ", "), root);
  std::size_t k = 0;
  for_each_turn(graph, order, options.turns,
                [&](std::uint32_t node, const std::vector<GradientPass>& passes) {
                  text += format_turn(graph, node, passes, ++k, options.digits);
                });
  return text;
}

std::string format_comparison(Graph graph, int digits) {
  const auto order = topological_order(graph);
  backward(graph, order);
  const RecursiveBackward recursive = recursed(graph);
  const auto difference = first_difference(graph, recursive);
  std::vector<std::vector<std::string>> rows = {{"node", "made of", "calls", "right", "recursive"}};
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    rows.push_back({label(graph, *node), formula(graph, *node),
                    fmt::format("{}", recursive.calls[*node]), number(graph.grad[*node], digits),
                    number(recursive.grad[*node], digits)});
  }
  return format_table(rows, 2) + "\n" +
         (difference ? why(graph, recursive, *difference, digits) : why_not(graph, recursive)) +
         (is_cut(graph, order)
              ? "This is a part: what lies below the nodes that end in ... is left "
                "out, and may differ;\n--depth N goes deeper.\n"
              : "");
}

std::string format_graph_json(Graph graph, const GraphTextOptions& options) {
  const auto order = topological_order(graph);
  Json json = {{"format", "microgpt-graph-v1"},
               {"root", graph.root},
               {"order", order},
               {"nodes", Json::array()}};
  for (std::uint32_t i = 0; i < graph.size(); ++i) json["nodes"].push_back(json_of_node(graph, i));
  if (options.wrong) {
    Graph right = graph;
    backward(right, order);
    json["recursive"] = json_of_comparison(right);
  }
  if (options.steps) json["steps"] = json_of_steps(graph, order, options.turns);
  return json.dump(2) + "\n";
}

}  // namespace microgpt
