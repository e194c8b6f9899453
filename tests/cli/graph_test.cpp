// microgpt graph.
#include <gtest/gtest.h>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;
using GraphCommandTest = CliTest;

constexpr char kExample[] = "L = a*b + a; a=2; b=3";

TEST_F(GraphCommandTest, Text) {
  EXPECT_EQ(output_of({"graph", kExample, "--format", "text"}),
            "leaves                   2\n"
            "  +                      1\n"
            "  *                      1\n"
            "nodes                    4\n"
            "depth                    2\n"
            "root              L\n"
            "\n"
            "  node  made of  data  grad\n"
            "  a                 2     4\n"
            "  b                 3     2\n"
            "  #2    a * b       6     1\n"
            "  L     #2 + a      8     1\n");
}

TEST_F(GraphCommandTest, Steps) {
  EXPECT_EQ(output_of({"graph", kExample, "--steps"}),
            "Topological order, children before what is made of them:\n"
            "  a, b, #2, L\n"
            "\n"
            "Backward: all gradients are 0, L.grad = 1, then from the last to the first:\n"
            "step 1: L = #2 + a, L.grad = 1\n"
            "  #2.grad += 1 * 1    0 -> 1\n"
            "  a.grad += 1 * 1    0 -> 1\n"
            "step 2: #2 = a * b, #2.grad = 1\n"
            "  a.grad += 3 * 1    1 -> 4\n"
            "  b.grad += 2 * 1    0 -> 2\n"
            "step 3: b, b.grad = 2, a leaf: nothing to pass on\n"
            "step 4: a, a.grad = 4, a leaf: nothing to pass on\n");
  const Json json = Json::parse(output_of({"graph", kExample, "--steps", "--format", "json"}));
  EXPECT_EQ(json["order"], Json({0, 1, 2, 3}));
  EXPECT_EQ(json["root"], 3);
  EXPECT_EQ(json["nodes"][2],
            Json::parse(R"({"name": "", "op": "*", "data": 6.0, "grad": 1.0, "children": [0, 1],
                            "local_grads": [3.0, 2.0]})"));
  EXPECT_EQ(json["steps"].size(), 4u);
  EXPECT_EQ(json["steps"][1]["passes"][0],
            Json::parse(R"({"child": 0, "local_grad": 3.0, "before": 1.0, "after": 4.0})"));
}

TEST_F(GraphCommandTest, PictureAfterSomeTurns) {
  const std::string none = output_of({"graph", kExample, "--step", "0"});
  EXPECT_TRUE(contains(none, "<title>Graph of L after 0 of 4 steps backward</title>"));
  EXPECT_TRUE(contains(none, "<title>a: data 2, grad 0</title>"));
  const std::string one = output_of({"graph", kExample, "--step", "1"});
  EXPECT_TRUE(contains(one, "<title>a: data 2, grad 1</title>"));
  EXPECT_TRUE(contains(one, "class=\"node root marked\""));
  EXPECT_TRUE(contains(output_of({"graph", kExample, "--step", "2", "--format", "dot"}),
                       "{ a | data 2 | grad 4 }"));
  EXPECT_EQ(output_of({"graph", kExample, "--step", "0", "--steps"}),
            output_of({"graph", kExample, "--step", "0", "--steps", "--format", "text"}));
}

TEST_F(GraphCommandTest, Wrong) {
  const std::string text = output_of({"graph", "c = b + b; b = a + a; a = 1", "--wrong"});
  EXPECT_EQ(
      text,
      "  node  made of  calls  right  recursive\n"
      "  c     b + b        1      1          1\n"
      "  b     a + a        2      2          2\n"
      "  a                  4      4          6\n"
      "\n"
      "The first that differs, from the root down, is a: 6 instead of 4.\n"
      "Why: 2 paths lead from c down to b, and the recursion takes each. It passes on all of\n"
      "b.grad each time, what it passed on before included: 3 in all, where the gradient is 2.\n"
      "In topological order b's turn comes once, when all that use it have had theirs.\n");
  const Json json = Json::parse(
      output_of({"graph", "c = b + b; b = a + a; a = 1", "--wrong", "--format", "json"}));
  EXPECT_EQ(json["recursive"]["grad"], Json({6.0, 2.0, 1.0}));
  EXPECT_EQ(json["recursive"]["first_difference"], Json::parse(R"({"node": 0, "cause": 1})"));
  EXPECT_TRUE(contains(output_of({"graph", kExample, "--wrong"}), "Both agree: nothing"));
  EXPECT_TRUE(contains(output_of({"graph", "b*0 + b*0; b = a*a; a = 3", "--wrong"}),
                       "Both agree here, for what b passes on again is 0."));
}

TEST_F(GraphCommandTest, APartSaysThatItIsOne) {
  const Arguments arguments = {"graph", "toy", "ab", "--at", "pos0.loss", "--wrong"};
  const std::string part = output_of(arguments);
  EXPECT_TRUE(contains(part, "This is a part: what lies below the nodes that end in ... is left"));
  Arguments whole = arguments;
  whole.insert(whole.end(), {"--depth", "100"});
  const std::string all = output_of(whole);
  EXPECT_TRUE(contains(all, "The first that differs"));
  EXPECT_FALSE(contains(all, "This is a part"));
  EXPECT_TRUE(contains(output_of({"graph", "toy", "", "--wrong"}), "The first that differs"));
}

TEST_F(GraphCommandTest, SeveralNamesOfOneNumber) {
  const std::string text = "c = a; a = 2; L = c*a";
  const std::string table = output_of({"graph", text, "--format", "text"});
  EXPECT_TRUE(contains(table, "\n  c, a              2     4\n  L     c * c       4     1\n"))
      << table;
  EXPECT_TRUE(contains(output_of({"graph", text, "--steps"}), "  c.grad += 2 * 1    2 -> 4\n"));
  for (const char* name : {"a", "c", "#0"}) {
    EXPECT_TRUE(contains(output_of({"graph", text, "--at", name}), "Graph of c, a</title>"))
        << name;
  }
  EXPECT_EQ(output_of({"graph", kExample, "--at", "#2", "--steps", "--depth", "0"}).substr(0, 59),
            "Topological order, children before what is made of them:\n  ");
}

TEST_F(GraphCommandTest, RealStep) {
  const std::string counts = output_of({"graph", "toy", "ab"});
  EXPECT_TRUE(contains(counts, "nodes                  825\n")) << counts;
  const Json json = Json::parse(output_of({"graph", "toy", "ab", "--format", "json"}));
  EXPECT_EQ(json["nodes"].size(), 825u);
  EXPECT_EQ(json["nodes"][json["root"].get<std::size_t>()]["name"], "loss");

  const std::string loss =
      output_of({"graph", "toy", "ab", "--at", "pos1.loss", "--depth", "1", "--format", "text"});
  EXPECT_TRUE(contains(loss, "  pos1.loss  #0 ... * #1")) << loss;
  EXPECT_TRUE(contains(loss, "0.333333")) << loss;  // of the mean over three
  EXPECT_TRUE(contains(output_of({"graph", "toy", "ab", "--at", "pos1.loss", "--steps"}),
                       "pos1.loss.grad = 1,"));
  const std::string weight =
      output_of({"graph", "toy", "ab", "--at", "wte[1][0]", "--depth", "0", "--parents", "1"});
  EXPECT_TRUE(contains(weight, ">wte[1][0]</text>")) << weight;
  EXPECT_TRUE(contains(weight, ">pos1.embedding[0]</text>")) << weight;
}

// As many as microgpt.py makes in its first step.
TEST_F(GraphCommandTest, FirstStep) {
  MICROGPT_NEED_SHARED();
  const std::string counts = output_of({"graph", "untrained", "yuheng", "--data", kNames});
  EXPECT_TRUE(contains(counts, "nodes               60,475\n")) << counts;
}

TEST_F(GraphCommandTest, Files) {
  EXPECT_EQ(output_of({"graph", kExample, "--out", "l.svg"}), "");
  EXPECT_EQ(file("l.svg"), output_of({"graph", kExample}));
  const RunResult result = run({"graph", kExample, "--out", "absent/l.svg"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "absent/l.svg")) << result.err;
  EXPECT_EQ(run({"graph", kExample, "--out", "/dev/full"}).status, 1);
}

TEST_F(GraphCommandTest, BadInput) {
  struct Case {
    Arguments arguments;
    int status;
    const char* message;
  };
  const Case cases[] = {
      {{"graph", "a*(b"},
       1,
       "microgpt: expression: expected ')' or an operator, got the end of "
       "the line (line 1, column 5)\n  a*(b\n      ^\n"},
      {{"graph", std::string(5000, '(')}, 1, "nested too deeply"},
      {{"graph", "a=\xff"}, 1, "got byte 0xFF (line 1, column 3)\n  a=\\xff\n    ^\n"},
      {{"graph", kExample, "--root", "x"}, 1, "root: nothing is named 'x', expected one of L a b"},
      {{"graph", kExample, "--at", "x"}, 1, "--at x: nothing has this name"},
      {{"graph", "toy"}, 2, "expected microgpt graph MODEL TEXT"},
      {{"graph", "absent", "ab"}, 1, "absent"},
      {{"graph", "toy", "xyz"}, 1, "x"},
      {{"graph", "toy", "abcabc"}, 1, "block"},
      {{"graph", "toy", "ab", "--at", "pos1.los"}, 1, "similar: pos1.loss"},
      {{"graph", "toy", "ab", "--at", "wte[9][0]"}, 1, "is no number, expected wte[0..3][0..1]"},
      {{"graph", "toy", "ab", "--format", "svg"}, 1, "825 nodes are no picture"},
      {{"graph", "untrained", "ab", "--wrong"}, 1, "look at a smaller part: --at PATH --depth N"},
      {{"graph", kExample, "--at", "#4"}, 1, "--at #4: expected #0 to #3"},
      {{"graph", kExample, "--at", "#x"}, 1, "--at #"},
      {{"graph", kExample, "--parents", "2"}, 2, "--depth, --parents: expected --at"},
      {{"graph", "toy", "ab", "--root", "L"}, 2, "--root is for expressions"},
      {{"graph", kExample, "--format", "png"}, 2, "--format: expected svg, dot, text or json"},
      {{"graph", kExample, "--at", "L", "--depth", "-1"}, 2, "--depth"},
      {{"graph", kExample, "--precision", "18"}, 2, "--precision"},
      {{"graph", kExample, "--step", "-2"}, 2, "--step"},
      {{"graph", kExample, "--step", "x"}, 2, "--step"},
      {{"graph", kExample, "--steps", "--format", "svg"},
       2,
       "--steps and --wrong are told as text"},
      {{"graph"}, 2, "expression is required"}};
  for (const Case& c : cases) {
    const RunResult result = run(c.arguments);
    EXPECT_EQ(result.status, c.status) << c.message;
    EXPECT_TRUE(contains(result.err, c.message)) << result.err << "expected: " << c.message;
    EXPECT_EQ(result.out, "") << c.message;
  }
}

}  // namespace
}  // namespace microgpt
