// How the numbers of a trace were made, in Python's notation.
#include <algorithm>
#include <cmath>
#include <string>

#include "microgpt/trace.h"
#include "trace/number_text.h"

namespace microgpt {

struct FormulaText {
  // How tightly it binds: what is looser than its place asks for goes into parentheses.
  enum Binding { kSum, kProduct, kPower, kAtom };

  std::string text;
  Binding binding;
};

namespace {

using Binding = FormulaText::Binding;
using enum FormulaText::Binding;

std::string at_least(const FormulaText& part, Binding binding) {
  return part.binding < binding ? "(" + part.text + ")" : part.text;
}

std::string name_text(const Trace& trace, Element element, FormulaStyle style) {
  if (style == FormulaStyle::kNames) return path_of(trace, element);
  return "{" + std::to_string(element.traced) + ":" + std::to_string(element.index) + "}";
}

std::string grad_text(const Trace& trace, Element element, FormulaStyle style) {
  const std::string name = name_text(trace, element, style);
  return style == FormulaStyle::kNames ? "grad(" + name + ")" : "grad" + name;
}

// A negative number is a power's base only in parentheses: -2**2 is -4.
FormulaText number(double x, int digits) {
  return {number_text(x, digits), std::signbit(x) ? kPower : kAtom};
}

// Writes the expression below a node down to what has a name.
class ValueText {
 public:
  ValueText(const Trace& trace, FormulaStyle style, int digits)
      : trace_(trace), style_(style), digits_(digits) {}

  FormulaText made(std::uint32_t node) const {
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

  FormulaText part(std::uint32_t node) const {
    const Element name = trace_.names[node];
    if (name == kUnnamed) return made(node);
    if (style_ == FormulaStyle::kNumbers) return number(trace_.graph.data[node], digits_);
    return {name_text(trace_, name, style_), kAtom};
  }

 private:
  bool is_constant(std::uint32_t node) const {
    return trace_.names[node] == kUnnamed && trace_.graph.op[node] == Op::kLeaf;
  }

  // A sum begins with x + 0, which only makes a plus of a minus zero.
  FormulaText sum(std::uint32_t node) const {
    const auto [left, right] = std::pair(trace_.graph.left[node], trace_.graph.right[node]);
    const double x = trace_.graph.data[right];
    if (is_constant(right) && x == 0.0) return part(left);
    const std::string first = at_least(part(left), kSum);
    if (is_constant(right) && x < 0.0) return {first + " - " + number(-x, digits_).text, kSum};
    return {first + " + " + at_least(part(right), kProduct), kSum};
  }

  FormulaText product(std::uint32_t node) const {
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
FormulaText local_grad_text(const Trace& trace, std::uint32_t node, bool left, FormulaStyle style,
                            int digits) {
  const Graph& graph = trace.graph;
  const ValueText writer(trace, style, digits);
  switch (style == FormulaStyle::kNumbers ? Op::kLeaf : graph.op[node]) {
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
    if (style != FormulaStyle::kNumbers) return name_text(trace, below, style);
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
  const std::string g = style == FormulaStyle::kNumbers
                            ? at_least(number(grad, digits), kAtom)
                            : grad_text(trace, {param, element.index}, style);
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
  return gradient_of(traced.nodes[element.index], style, digits).text;
}

// The turns of the backward pass that reach a node: local_grad * grad of each that uses it.
FormulaText FormulaWriter::gradient_of(std::uint32_t node, FormulaStyle style, int digits) const {
  FormulaText sum = {"", kAtom};
  for (const Use& use : uses_[node]) {
    const FormulaText turn = turn_text(use, style, digits);
    sum = sum.text.empty() ? turn : FormulaText{sum.text + " + " + at_least(turn, kProduct), kSum};
  }
  return sum;
}

FormulaText FormulaWriter::turn_text(const Use& use, FormulaStyle style, int digits) const {
  const Graph& graph = trace_.graph;
  const FormulaText above = gradient_text(use.node, style, digits);
  const double local =
      use.left ? graph.left_local_grad[use.node] : graph.right_local_grad[use.node];
  const Op op = graph.op[use.node];
  if (local == 1.0 && (op == Op::kAdd || op == Op::kRelu)) return above;
  const FormulaText factor = local_grad_text(trace_, use.node, use.left, style, digits);
  return {at_least(factor, kProduct) + "*" + at_least(above, kPower), kProduct};
}

FormulaText FormulaWriter::gradient_text(std::uint32_t node, FormulaStyle style, int digits) const {
  const Element name = trace_.names[node];
  if (name == kUnnamed) return gradient_of(node, style, digits);
  if (style == FormulaStyle::kNumbers) return {number_text(trace_.graph.grad[node], digits), kAtom};
  return {grad_text(trace_, name, style), kAtom};
}

}  // namespace microgpt
