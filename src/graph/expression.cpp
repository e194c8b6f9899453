#include "microgpt/expression.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "graph/parser.h"
#include "graph/tape_graph.h"
#include "microgpt/error.h"
#include "reference/number.h"
#include "reference/value.h"

namespace microgpt {
namespace {

using reference::Number;
using reference::Value;

// A plain number until it meets a Value.
using Operand = std::variant<double, Value>;

double data_of(const Operand& operand) {
  const Value* value = std::get_if<Value>(&operand);
  return value != nullptr ? value->data() : std::get<double>(operand);
}

Operand apply(Instruction::Kind kind, const Operand& left, const Operand& right) {
  return std::visit(
      [kind](auto a, auto b) -> Operand {
        switch (kind) {
          case Instruction::kAdd:
            return a + b;
          case Instruction::kSub:
            return a - b;
          case Instruction::kMul:
            return a * b;
          default:
            return a / b;
        }
      },
      left, right);
}

Operand apply(Instruction::Kind function, Value x) {
  if (function == Instruction::kLog) return x.log();
  return function == Instruction::kExp ? x.exp() : x.relu();
}

Operand power(const Operand& base, double exponent) {
  if (const Value* value = std::get_if<Value>(&base)) return value->pow(exponent);
  return Number(std::get<double>(base)).pow(exponent).data();
}

Operand negative(const Operand& x) {
  return std::visit([](auto a) -> Operand { return -a; }, x);
}

// Makes the nodes of statements, each after those that it uses.
class Builder {
 public:
  Builder(std::string_view text, std::vector<Statement> statements);

  Graph build(std::string_view root);

 private:
  struct Entry {
    Statement statement;
    bool started = false;
    bool used = false;           // by another statement
    std::size_t next = 0;        // the instruction to look at for names that must be there first
    std::optional<Value> value;  // when it is made
  };

  void check_names();
  void make(std::size_t statement);
  std::optional<std::size_t> next_missing(Entry& entry);
  Value value_of(const Statement& statement);
  void execute(const Instruction& instruction);
  void check_finite(const Instruction& instruction, std::size_t first_node,
                    const std::vector<Operand>& operands) const;
  Operand pop();
  Value to_value(const Operand& operand);
  std::size_t root_of(std::string_view name) const;

  std::string_view text_;
  reference::Tape tape_;
  std::vector<Entry> entries_;
  std::map<std::string_view, std::size_t> named_;
  std::vector<Operand> stack_;
};

Builder::Builder(std::string_view text, std::vector<Statement> statements) : text_(text) {
  std::size_t nameless = 0;
  for (Statement& statement : statements) {
    const std::string_view name = statement.name;
    if (name.empty() && ++nameless > 1) {
      throw_at(text_, statement.code.front().text,
               "a second expression without a name; name one, y = ...");
    }
    if (!name.empty() && !named_.emplace(name, entries_.size()).second) {
      throw_at(text_, name, fmt::format("'{}' is defined twice", name));
    }
    entries_.push_back({std::move(statement), false, false, 0, std::nullopt});
  }
  check_names();
}

void Builder::check_names() {
  std::string_view first;
  std::map<std::string_view, std::string> missing;
  for (const Entry& entry : entries_) {
    for (const Instruction& instruction : entry.statement.code) {
      if (instruction.kind != Instruction::kName) continue;
      if (const auto it = named_.find(instruction.text); it != named_.end()) {
        entries_[it->second].used = true;
        continue;
      }
      if (missing.empty()) first = instruction.text;
      missing[instruction.text] = fmt::format("; {}=...", instruction.text);
    }
  }
  if (missing.empty()) return;
  std::string hint;
  for (const auto& [name, definition] : missing) hint += definition;
  throw_at(text_, first, fmt::format("'{}' has no value; add {}", first, hint.substr(2)));
}

// Depth first, without recursion: a chain of definitions may be long.
void Builder::make(std::size_t statement) {
  std::vector<std::size_t> waiting = {statement};
  while (!waiting.empty()) {
    Entry& entry = entries_[waiting.back()];
    entry.started = true;
    if (const auto missing = next_missing(entry)) {
      waiting.push_back(*missing);
    } else {
      entry.value = value_of(entry.statement);
      waiting.pop_back();
    }
  }
}

// The statement that defines the next name that an entry needs and does not have yet.
std::optional<std::size_t> Builder::next_missing(Entry& entry) {
  for (; entry.next < entry.statement.code.size(); ++entry.next) {
    const Instruction& instruction = entry.statement.code[entry.next];
    if (instruction.kind != Instruction::kName) continue;
    const std::size_t definition = named_.at(instruction.text);
    if (entries_[definition].value) continue;
    if (entries_[definition].started) {
      throw_at(text_, instruction.text, fmt::format("'{}' is defined by itself", instruction.text));
    }
    return definition;
  }
  return std::nullopt;
}

Value Builder::value_of(const Statement& statement) {
  for (const Instruction& instruction : statement.code) execute(instruction);
  return to_value(pop());
}

Operand Builder::pop() {
  const Operand operand = stack_.back();
  stack_.pop_back();
  return operand;
}

Value Builder::to_value(const Operand& operand) {
  const Value* value = std::get_if<Value>(&operand);
  return value != nullptr ? *value : tape_.leaf(std::get<double>(operand));
}

void Builder::execute(const Instruction& instruction) {
  const std::size_t first_node = tape_.size();
  std::vector<Operand> operands;
  switch (instruction.kind) {
    case Instruction::kNumber:
      stack_.emplace_back(instruction.number);
      return;
    case Instruction::kName:
      stack_.emplace_back(*entries_[named_.at(instruction.text)].value);
      return;
    case Instruction::kNeg:
      operands = {pop()};
      stack_.push_back(negative(operands[0]));
      break;
    case Instruction::kLog:
    case Instruction::kExp:
    case Instruction::kRelu:
      operands = {pop()};
      stack_.push_back(apply(instruction.kind, to_value(operands[0])));
      break;
    default:
      operands = {pop(), pop()};
      std::swap(operands[0], operands[1]);
      if (instruction.kind != Instruction::kPow) {
        stack_.push_back(apply(instruction.kind, operands[0], operands[1]));
      } else if (const double* exponent = std::get_if<double>(&operands[1])) {
        stack_.push_back(power(operands[0], *exponent));
      } else {
        throw_at(text_, instruction.text,
                 "the exponent is a Value, expected a plain number such as 2 or -0.5; a**b is "
                 "exp(b * log(a))");
      }
  }
  check_finite(instruction, first_node, operands);
}

// Looks at the result and at the nodes that an instruction made.
void Builder::check_finite(const Instruction& instruction, std::size_t first_node,
                           const std::vector<Operand>& operands) const {
  double result = data_of(stack_.back());
  const char* where = "";
  for (std::size_t i = first_node; i < tape_.size() && std::isfinite(result); ++i) {
    const auto node = tape_.node(i);
    where = " as its derivative";
    result = std::isfinite(node.left_local_grad) ? node.right_local_grad : node.left_local_grad;
  }
  if (std::isfinite(result)) return;
  std::string of = fmt::format("{}", data_of(operands[0]));
  if (operands.size() > 1) of += fmt::format(" and {}", data_of(operands[1]));
  throw_at(text_, instruction.text,
           fmt::format("'{}' of {} gives {}{}, expected a finite number", instruction.text, of,
                       std::isnan(result) ? "no number" : "an infinite number", where));
}

std::size_t Builder::root_of(std::string_view name) const {
  if (!name.empty()) {
    const auto it = named_.find(name);
    if (it != named_.end()) return it->second;
    std::string names;
    for (const auto& [known, entry] : named_) names += fmt::format(" {}", known);
    throw Error(fmt::format("root: nothing is named '{}', expected one of{}", name, names));
  }
  std::optional<std::size_t> computed;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.statement.name.empty()) return i;
    const bool leaf = tape_.node(entry.value->node()).kind == reference::Tape::kLeaf;
    if (!computed && !entry.used && !leaf) computed = i;
  }
  return computed.value_or(0);
}

Graph Builder::build(std::string_view root) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].value) make(i);
  }
  Graph graph = graph_of(tape_, entries_[root_of(root)].value->node());
  for (const Entry& entry : entries_) {
    if (entry.statement.name.empty()) continue;
    std::string& name = graph.name[entry.value->node()];
    name += fmt::format("{}{}", name.empty() ? "" : ", ", entry.statement.name);
  }
  return graph;
}

}  // namespace

Graph graph_of_expression(std::string_view text, std::string_view root) {
  return Builder(text, parse_statements(text)).build(root);
}

}  // namespace microgpt
