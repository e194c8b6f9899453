// Statements such as "L = a*b + a; a = 2", as the steps of a machine with a stack.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace microgpt {

// Takes its operands from the stack and leaves its result there.
struct Instruction {
  enum Kind { kNumber, kName, kAdd, kSub, kMul, kDiv, kPow, kNeg, kLog, kExp, kRelu };

  Kind kind;
  std::string_view text;  // as it is written; a kName's name
  double number;          // a kNumber's
};

// `name = expression`, or an expression alone, whose name is empty.
struct Statement {
  std::string_view name;
  std::vector<Instruction> code;
};

// At least one statement. All texts are views into `text`.
// Throws Error: not a program; see graph_of_expression.
std::vector<Statement> parse_statements(std::string_view text);

// Throws Error: "expression: what (line 1, column 5)", the line, and a caret.
//   place: a view into text, perhaps an empty one
[[noreturn]] void throw_at(std::string_view text, std::string_view place, std::string_view what);

}  // namespace microgpt
