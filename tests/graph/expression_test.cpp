#include "microgpt/expression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "graph/random_expression.h"
#include "support/message_of.h"
#include "support/python.h"

namespace microgpt {
namespace {

Graph with_gradients(std::string_view text, std::string_view root = {}) {
  Graph graph = graph_of_expression(text, root);
  backward(graph, topological_order(graph));
  return graph;
}

std::uint32_t find(const Graph& graph, const std::string& name) {
  const auto it = std::find(graph.name.begin(), graph.name.end(), name);
  EXPECT_NE(it, graph.name.end()) << name;
  return static_cast<std::uint32_t>(it - graph.name.begin());
}

double data(const Graph& graph, const std::string& name) { return graph.data[find(graph, name)]; }
double grad(const Graph& graph, const std::string& name) { return graph.grad[find(graph, name)]; }

double result(std::string_view text) {
  const Graph graph = graph_of_expression(text);
  return graph.data[graph.root];
}

std::string error(const std::string& text) {
  return message_of([&] { graph_of_expression(text); });
}

TEST(Expression, PythonsPrecedence) {
  EXPECT_EQ(result("-a**2; a=3"), -9);
  EXPECT_EQ(result("(-a)**2; a=3"), 9);
  EXPECT_EQ(result("2**3**2"), 512);
  EXPECT_EQ(result("a**3**2; a=2"), 512);
  EXPECT_EQ(result("2*a**-0.5; a=4"), 1);
  EXPECT_EQ(result("a**-1**2; a=4"), 0.25);
  EXPECT_EQ(result("1 - 2 - 3"), -4);
  EXPECT_EQ(result("a / 2 / 4; a = 16"), 2);
  EXPECT_EQ(result("1 + 2 * 3 - 4 / 8"), 6.5);
  EXPECT_EQ(result("--a; a = 2"), 2);
  EXPECT_EQ(result("a*-b; a=2; b=3"), -6);
  EXPECT_EQ(result("-2.5.relu() + 3; "), 0.5);  // -(2.5.relu())
  EXPECT_EQ(result("(a - 5).relu().exp(); a = 2"), 1);
}

// a - b is a + b * -1, a / b is a * b**-1; a plain number beside a Value is a leaf.
TEST(Expression, NodesOfMicrogpt) {
  const auto operations = [](std::string_view text) {
    const Graph graph = graph_of_expression(text);
    std::string all;
    for (const std::uint32_t i : topological_order(graph)) {
      all += graph.op[i] == Op::kLeaf ? std::to_string(static_cast<int>(graph.data[i]))
                                      : std::string(to_string(graph.op[i]));
      all += " ";
    }
    return all;
  };
  EXPECT_EQ(operations("a - b; a=5; b=3"), "5 3 -1 * + ");
  EXPECT_EQ(operations("a - 2; a=5"), "5 -2 + ");
  EXPECT_EQ(operations("2 - a; a=5"), "5 -1 * 2 + ");
  EXPECT_EQ(operations("a / b; a=5; b=3"), "5 3 ** * ");
  EXPECT_EQ(operations("a / 2; a=5"), "5 0 * ");
  EXPECT_EQ(operations("2 / a; a=5"), "5 ** 2 * ");
  EXPECT_EQ(operations("2 * a; a=5"), "5 2 * ");
  EXPECT_EQ(operations("-a; a=5"), "5 -1 * ");
  EXPECT_EQ(operations("2 * 3 + a; a=5"), "5 6 + ");
  EXPECT_EQ(operations("relu(2)"), "2 relu ");
  EXPECT_EQ(operations("2 + 3"), "5 ");
}

TEST(Expression, NamesAndTheRoot) {
  EXPECT_EQ(data(graph_of_expression("L = a*b + a; a=2; b=3"), "L"), 8);
  const auto root = [](std::string_view text, std::string_view name = {}) {
    const Graph graph = graph_of_expression(text, name);
    return graph.name[graph.root];
  };
  EXPECT_EQ(root("L = a*b + a; a=2; b=3"), "L");
  EXPECT_EQ(root("a=2; b=3\nc = a*b\r\nL = c + a"), "L");
  EXPECT_EQ(root("c = 1; y = a*2; a = 3; z = y*y"), "z");
  EXPECT_EQ(root("a = 2; b = 3"), "a");
  EXPECT_EQ(root("b = 3; a*b; a=2"), "");
  EXPECT_EQ(root("L = a*b + a; a=2; b=3", "b"), "b");
  EXPECT_EQ(root("c = a; a = b; b = 7*2"), "c, a, b");
}

// The walkthrough's figures.
TEST(Expression, WorkedExamples) {
  EXPECT_EQ(data(with_gradients("d = a*b + c; a=-6; b=7; c=10"), "d"), -32);
  Graph g = with_gradients("c = a + b; a=3; b=5");
  EXPECT_EQ(data(g, "c"), 8);
  EXPECT_EQ(grad(g, "a"), 1);
  EXPECT_EQ(grad(g, "b"), 1);
  g = with_gradients("c = a * b; a=4; b=3");
  EXPECT_EQ(data(g, "c"), 12);
  EXPECT_EQ(grad(g, "a"), 3);
  EXPECT_EQ(grad(g, "b"), 4);
  g = with_gradients("a=2; b=3; c=a*b; L=c+a");
  EXPECT_EQ(data(g, "c"), 6);
  EXPECT_EQ(data(g, "L"), 8);
  EXPECT_EQ(grad(g, "a"), 4);
  EXPECT_EQ(grad(g, "b"), 2);
  g = with_gradients("loss=err**2; err=yhat-y; yhat=z+b; z=w*x; w=2; x=3; b=1; y=10");
  for (const auto& [name, value] : {std::pair("z", 6), {"yhat", 7}, {"err", -3}, {"loss", 9}}) {
    EXPECT_EQ(data(g, name), value) << name;
  }
  for (const auto& [name, value] : {std::pair("err", -6),
                                    {"yhat", -6},
                                    {"y", 6},
                                    {"z", -6},
                                    {"b", -6},
                                    {"w", -18},
                                    {"x", -12}}) {
    EXPECT_EQ(grad(g, name), value) << name;
  }
  g = with_gradients("a = relu(x*w + b); x=2; w=1.5; b=-1");
  EXPECT_EQ(data(g, "a"), 2);
  EXPECT_EQ(grad(g, "x"), 1.5);
  EXPECT_EQ(grad(g, "w"), 2);
  EXPECT_EQ(grad(g, "b"), 1);
  g = with_gradients("a = relu(x*w + b); x=2; w=1.5; b=-4");
  EXPECT_EQ(data(g, "a"), 0);
  for (const char* name : {"x", "w", "b"}) EXPECT_EQ(grad(g, name), 0) << name;
}

TEST(Expression, ErrorsPointAtThePlace) {
  EXPECT_EQ(error("L = (a*b + a; a=2"),
            "expression: expected ')' or an operator, got ';' (line 1, column 13)\n"
            "  L = (a*b + a; a=2\n"
            "              ^");
  EXPECT_EQ(error("a = 2\nL = a *\nb = 3"),
            "expression: expected a number, a name or '(', got the end of the line (line 2, column "
            "8)\n  L = a *\n         ^");
  EXPECT_EQ(error("relu(x*w+b); b=1"),
            "expression: 'x' has no value; add w=...; x=... (line 1, column 6)\n"
            "  relu(x*w+b); b=1\n"
            "       ^");
}

TEST(Expression, Errors) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected an expression such as"},
      {" ;\n; ", "expected an expression such as"},
      {"a b; a=1", "expected an operator or ';', got 'b' (line 1, column 3)"},
      {"a=1; a = 2", "'a' is defined twice (line 1, column 6)"},
      {"a=1; a; a+1", "a second expression without a name; name one, y = ..."},
      {"a = b; b = c; c = a", "'a' is defined by itself (line 1, column 19)"},
      {"a = a + 1", "'a' is defined by itself (line 1, column 5)"},
      {"a**b; a=1; b=2", "the exponent is a Value, expected a plain number such as 2 or -0.5"},
      {"2**a; a=1", "the exponent is a Value"},
      {"sin(2)", "no function sin, expected log, exp or relu (line 1, column 1)"},
      {"a.tanh(); a=1", "expected log(), exp() or relu() after '.', got 'tanh' (line 1, column 3)"},
      {"a.relu; a=1", "expected '(' after relu, got ';'"},
      {"a.relu(2); a=1", "expected ')' after relu(, got '2'"},
      {"log = 2", "expected '(' after log, which is a function, got '='"},
      {"2 = a; a=1", "only a name can stand before '='"},
      {"a = b = 1", "expected an operator or ';', got '='"},
      {"a) + 1; a=1", "expected an operator or ';', got ')'"},
      {"1e999", "this number is too large or too close to 0 (line 1, column 1)"},
      {"1e-999", "this number is too large or too close to 0"},
      {"a $ b", "got '$' (line 1, column 3)"},
      {"a \x01 b", "got byte 0x01 (line 1, column 3)"},
      {"a \xc3\x97 b", "got byte 0xC3 (line 1, column 3)"},
      {"+a; a=1", "expected a number, a name or '(', got '+'"},
      {"log(a); a=0", "'log' of 0 gives an infinite number, expected a finite number"},
      {"log(a); a=-1", "'log' of -1 gives no number"},
      {"exp(a); a=1000", "'exp' of 1000 gives an infinite number"},
      {"1/0", "'/' of 1 and 0 gives an infinite number"},
      {"a/b; a=1; b=0", "'/' of 1 and 0 gives an infinite number"},
      {"a**0.5; a=-1", "'**' of -1 and 0.5 gives no number"},
      {"a**0.5; a=0", "'**' of 0 and 0.5 gives an infinite number as its derivative"},
      {"a*a; a=1e200", "'*' of 1e+200 and 1e+200 gives an infinite number"},
      {std::string(201, '(') + "1" + std::string(201, ')'), "nested too deeply"},
      {std::string(100000, '-') + "1", "100001 bytes are too many, expected at most 65536"},
      {std::string(60000, '-') + "1", "nested too deeply, expected at most 200 levels"},
      {"2" + std::string(60000, '*'), "got '**'"}};
  for (const auto& [text, message] : cases) {
    EXPECT_NE(error(text).find(message), std::string::npos)
        << text.substr(0, 40) << ": " << error(text) << "\nexpected: " << message;
  }
  EXPECT_EQ(message_of([] { graph_of_expression("L = a; a = 2", "M"); }),
            "root: nothing is named 'M', expected one of L a");
}

TEST(Expression, NothingIsTooLongToWalk) {
  std::string sum = "a=1; L=a", chain = "x0=1";
  for (int i = 0; i < 20000; ++i) sum += "+a";
  EXPECT_EQ(grad(with_gradients(sum), "a"), 20001);
  for (int i = 4000; i > 0; --i) {
    chain = "x" + std::to_string(i) + "=x" + std::to_string(i - 1) + "+1;" + chain;
  }
  EXPECT_EQ(result(chain), 4001);
  EXPECT_EQ(result(std::string(199, '(') + "1" + std::string(199, ')')), 1);
}

// Every value and gradient of microgpt.py's own class for the same text, in its topological order;
// and an error where Python raises or finds no finite number. The statements are reversed for us.
TEST(Expression, EqualsPythonOnRandomPrograms) {
  const std::string oracle = std::string(MICROGPT_SHARED_DIR) + "/oracle/microgpt.py";
  if (!std::filesystem::exists(oracle)) GTEST_SKIP() << "no " << oracle;
  std::vector<std::string> programs;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    programs.push_back(test::RandomExpression(seed).program());
  }
  const std::string script = "programs = " + nlohmann::json(programs).dump() + "\n" +
                             "source = open('" + oracle + "').read()\n" + R"(
import math
start = source.index('class Value'); exec(source[start:source.index('# Initialize')])

def value(x): return x if isinstance(x, Value) else Value(x)
functions = {name: (lambda method: lambda x: method(value(x)))(getattr(Value, name))
             for name in ('log', 'exp', 'relu')}

class Values(dict):  # what is given a name is a Value
    def __setitem__(self, name, x): dict.__setitem__(self, name, value(x))

def nodes_below(v, seen, order):
    if v not in seen:
        seen.add(v)
        for child in v._children: nodes_below(child, seen, order)
        order.append(v)
    return order

for program in programs:
    try:
        names = Values()
        exec(program, functions, names)
        for x in names.values():
            for v in nodes_below(x, set(), []):
                assert all(isinstance(y, (int, float)) and math.isfinite(y)
                           for y in (v.data, *v._local_grads))
        names['L'].backward()
        print(*(float(x).hex() for v in nodes_below(names['L'], set(), []) for x in (v.data, v.grad)))
    except (ArithmeticError, ValueError, AssertionError, TypeError):
        print('error')
)";
  MICROGPT_RUN_PYTHON(output, script);
  std::istringstream lines(output);
  int computed = 0;
  for (const std::string& program : programs) {
    std::string line, reversed, statement;
    ASSERT_TRUE(std::getline(lines, line));
    for (std::istringstream statements(program); std::getline(statements, statement);) {
      reversed = statement + ";" + reversed;
    }
    const std::string message = message_of([&] { graph_of_expression(reversed); });
    ASSERT_EQ(message != "no error", line == "error") << program << "\n" << message << "\n" << line;
    if (line == "error") continue;
    ++computed;
    const Graph graph = with_gradients(reversed, "L");
    std::istringstream numbers(line);
    for (const std::uint32_t i : topological_order(graph)) {
      std::string data_text, grad_text;
      numbers >> data_text >> grad_text;
      ASSERT_EQ(graph.data[i], std::strtod(data_text.c_str(), nullptr)) << program;
      ASSERT_EQ(graph.grad[i], std::strtod(grad_text.c_str(), nullptr)) << program;
    }
    std::string more;
    ASSERT_FALSE(numbers >> more) << program;
  }
  EXPECT_GT(computed, 150);
}

}  // namespace
}  // namespace microgpt
