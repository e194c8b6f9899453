// How the numbers of a trace were made, in Python's notation.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "microgpt/trace.h"
#include "trace/number_text.h"

namespace microgpt {
namespace {

// How tightly an expression binds: what is looser than its place asks for goes into parentheses.
enum Binding { kSum, kProduct, kPower, kAtom };

struct Text {
  std::string text;
  Binding binding;
};

std::string at_least(const Text& part, Binding binding) {
  return part.binding < binding ? "(" + part.text + ")" : part.text;
}

// A negative number is a power's base only in parentheses: -2**2 is -4.
Text number(double x, int digits) {
  return {number_text(x, digits), std::signbit(x) ? kPower : kAtom};
}

// Writes the expression below a node down to what has a name.
class ValueText {
 public:
  ValueText(const Trace& trace, FormulaStyle style, int digits)
      : trace_(trace), style_(style), digits_(digits) {}

  Text made(std::uint32_t node) const {
    const Graph& graph = trace_.graph;
    switch (graph.op[node]) {
      case Op::kLeaf:
        return number(graph.data[node], digits_);
      case Op::kAdd:
        return sum(node);
      case Op::kMul:
        return product(node);
      case Op::kPow:
        return {at_least(part(graph.left[node]), kAtom) + "**" +
                    number_text(graph.exponent[node], digits_),
                kPower};
      default:
        return {std::string(to_string(graph.op[node])) + "(" + part(graph.left[node]).text + ")",
                kAtom};
    }
  }

  Text part(std::uint32_t node) const {
    const Element name = trace_.names[node];
    if (name == kUnnamed) return made(node);
    if (style_ == FormulaStyle::kNames) return {path_of(trace_, name), kAtom};
    return number(trace_.graph.data[node], digits_);
  }

 private:
  bool is_constant(std::uint32_t node) const {
    return trace_.names[node] == kUnnamed && trace_.graph.op[node] == Op::kLeaf;
  }

  // A sum begins with x + 0, which only makes a plus of a minus zero.
  Text sum(std::uint32_t node) const {
    const auto [left, right] = std::pair(trace_.graph.left[node], trace_.graph.right[node]);
    const double x = trace_.graph.data[right];
    if (is_constant(right) && x == 0.0) return part(left);
    const std::string first = at_least(part(left), kSum);
    if (is_constant(right) && x < 0.0) return {first + " - " + number(-x, digits_).text, kSum};
    return {first + " + " + at_least(part(right), kProduct), kSum};
  }

  Text product(std::uint32_t node) const {
    const auto [left, right] = std::pair(trace_.graph.left[node], trace_.graph.right[node]);
    if (is_constant(right) && trace_.graph.data[right] == -1.0) {
      return {"-" + at_least(part(left), kAtom), kProduct};
    }
    return {at_least(part(left), kProduct) + "*" + at_least(part(right), kPower), kProduct};
  }

  const Trace& trace_;
  FormulaStyle style_;
  int digits_;
};

// d(node) / d(child), the left one or the other.
Text local_grad_text(const Trace& trace, std::uint32_t node, bool left, FormulaStyle style,
                     int digits) {
  const Graph& graph = trace.graph;
  const ValueText writer(trace, style, digits);
  switch (style == FormulaStyle::kNames ? graph.op[node] : Op::kLeaf) {
    case Op::kMul:
      return writer.part(left ? graph.right[node] : graph.left[node]);
    case Op::kExp:
      return writer.part(node);
    case Op::kLog:
      return {"1/" + at_least(writer.part(graph.left[node]), kAtom), kProduct};
    case Op::kPow:
      return {number_text(graph.exponent[node], digits) + "*" +
                  at_least(writer.part(graph.left[node]), kAtom) + "**" +
                  number_text(graph.exponent[node] - 1.0, digits),
              kProduct};
    default:
      return number(left ? graph.left_local_grad[node] : graph.right_local_grad[node], digits);
  }
}

// What Adam made of parameter number `index` of a tensor.
std::string adam_text(const Trace& trace, Element element, FormulaStyle style, int digits) {
  const Traced& traced = trace.traced[element.traced];
  const std::string_view kind = std::string_view(traced.name).substr(traced.name.rfind('.') + 1);
  const OptimizerStep& step = *trace.step;
  const auto num = [&](double x) { return number_text(x, digits); };
  const auto parent = [&](std::size_t k) {
    const Element below = {traced.parents[k], element.index};
    if (style == FormulaStyle::kNames) return path_of(trace, below);
    return num(trace.traced[below.traced].data[below.index]);
  };
  const std::string power = "**" + std::to_string(step.step + 1);
  if (kind == "m_hat") return parent(0) + " / (1 - " + num(step.beta1) + power + ")";
  if (kind == "v_hat") return parent(0) + " / (1 - " + num(step.beta2) + power + ")";
  if (kind == "update") {
    return num(step.learning_rate) + "*" + parent(0) + " / (" + parent(1) + "**0.5 + " +
           num(step.eps_adam) + ")";
  }
  if (kind == "data") return parent(0) + " - " + at_least({parent(1), kAtom}, kProduct);
  const std::uint32_t param = traced.parents[0];
  std::size_t flat = element.index;
  for (std::uint32_t p = 0; p < param; ++p) flat += trace.traced[p].data.size();
  const double grad = trace.traced[param].grad[element.index];
  const std::string g = style == FormulaStyle::kNames
                            ? "grad(" + path_of(trace, {param, element.index}) + ")"
                            : at_least(number(grad, digits), kAtom);
  const bool first = kind == "m";
  const double beta = first ? step.beta1 : step.beta2;
  const double before = (first ? trace.adam_m : trace.adam_v)[flat];
  const std::string square = step.edition == Edition::kFirst ? "(" + g + "*" + g + ")" : g + "**2";
  return num(beta) + "*" + num(before) + " + (1 - " + num(beta) + ")*" + (first ? g : square);
}

}  // namespace

FormulaWriter::FormulaWriter(const Trace& trace) : trace_(trace), uses_(trace.graph.size()) {
  const Graph& graph = trace.graph;
  const std::vector<std::uint32_t> order = topological_order(graph);
  std::for_each(order.rbegin(), order.rend(), [&](std::uint32_t node) {
    const int children = num_children(graph.op[node]);
    if (children > 0) uses_[graph.left[node]].push_back({node, true});
    if (children > 1) uses_[graph.right[node]].push_back({node, false});
  });
}

std::string FormulaWriter::value(Element element, FormulaStyle style, int digits) const {
  const Traced& traced = trace_.traced[element.traced];
  if (traced.nodes.empty()) return adam_text(trace_, element, style, digits);
  const std::uint32_t node = traced.nodes[element.index];
  const ValueText writer(trace_, style, digits);
  if (trace_.names[node] != element) return writer.part(node).text;
  return trace_.graph.op[node] == Op::kLeaf ? "" : writer.made(node).text;
}

std::string FormulaWriter::gradient(Element element, FormulaStyle style, int digits) const {
  const Traced& traced = trace_.traced[element.traced];
  if (traced.nodes.empty()) return "";
  return gradient_of(traced.nodes[element.index], style, digits);
}

// The turns of the backward pass that reach a node: local_grad * grad of each that uses it.
std::string FormulaWriter::gradient_of(std::uint32_t node, FormulaStyle style, int digits) const {
  std::string sum;
  for (const Use& use : uses_[node]) {
    if (!sum.empty()) sum += " + ";
    const double local =
        use.left ? trace_.graph.left_local_grad[use.node] : trace_.graph.right_local_grad[use.node];
    const bool alone = local == 1.0 && uses_[node].size() == 1;
    if (local != 1.0) {
      sum += at_least(local_grad_text(trace_, use.node, use.left, style, digits), kProduct) + "*";
    }
    const std::string above = gradient_text(use.node, style, digits);
    const bool is_sum = above.find(" + ") != std::string::npos;
    sum += is_sum && !alone ? "(" + above + ")" : above;
  }
  return sum;
}

std::string FormulaWriter::gradient_text(std::uint32_t node, FormulaStyle style, int digits) const {
  const double grad = trace_.graph.grad[node];
  const Element name = trace_.names[node];
  if (name == kUnnamed) return gradient_of(node, style, digits);
  if (style == FormulaStyle::kNumbers) return number_text(grad, digits);
  return "grad(" + path_of(trace_, name) + ")";
}

}  // namespace microgpt
