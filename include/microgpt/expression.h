// microgpt.py's Value, as people try it out: "L = a*b + a; a = 2; b = 3".
#pragma once

#include <string_view>

#include "microgpt/graph.h"

namespace microgpt {

// The graph of a few statements, `name = expression` or an expression alone, separated by line ends
// or semicolons, in any order.
//
//   numbers, names, + - * / ** ( ), with Python's precedence
//   log(x), exp(x), relu(x), or x.log(), x.exp(), x.relu()
//
// It has the nodes that microgpt.py makes. A name of a plain number is a Value of that number, so
// is what a function is applied to; other arithmetic of plain numbers makes no nodes. An exponent
// is a plain number.
//
// root: the name of the number whose gradients are asked for. Empty: the expression that has no
// name; else the first that is computed and not used by another; else the first statement.
//
// Throws Error, with the line and a caret under the place: not a program, a name without a value or
// with two, a name defined by itself, a result that is no finite number (where Python raises), or
// more than kMaxExpression bytes. A `root` that is not there is an Error too.
Graph graph_of_expression(std::string_view text, std::string_view root = {});

inline constexpr std::size_t kMaxExpression = 1 << 16;

}  // namespace microgpt
