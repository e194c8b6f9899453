// Python evaluates every formula and finds every number again, to the last bit.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/python.h"
#include "trace/steps.h"

namespace microgpt::test {
namespace {

// Reads {names, shapes, data, grad, formulas}, numbers as hexadecimal floats, and prints what is
// wrong. A formula is [traced, index, kind, style, text].
constexpr char kScript[] = R"(
import json, math, re
exp, log = math.exp, math.log
def relu(x): return max(0, x)
case = json.loads(case)
hexed = lambda rows: [[float.fromhex(x) for x in row] for row in rows]
D, G = hexed(case['data']), hexed(case['grad'])
T = {name: t for t, name in enumerate(case['names'])}
PATH = re.compile(r'(grad\()?\b((?:pos\d|wte|wpe|lm_head|layer|loss|adam)[\w.]*)((?:\[\d+\])*)(?(1)\))')
LINK = re.compile(r'(grad)?\{(\d+):(\d+)\}')
def of_path(m):
    t, i = T[m[2]], 0
    for index, size in zip(re.findall(r'\d+', m[3]), case['shapes'][t]):
        assert int(index) < size
        i = i * size + int(index)
    return f"{'G' if m[1] else 'D'}[{t}][{i}]"
def of_link(m): return f"{'G' if m[1] else 'D'}[{m[2]}][{m[3]}]"
wrong = 0
for t, i, kind, style, text in case['formulas']:
    code = LINK.sub(of_link, text) if style == 'links' else PATH.sub(of_path, text) if style == 'names' else text
    value, expected = eval(code), (G if kind == 'grad' else D)[t][i]
    if value != expected:  # of doubles: other bits, but for the sign of zero
        wrong += 1
        if wrong < 5: print(case['names'][t], i, kind, style, text[:150], float(value).hex(), expected.hex())
print(len(case['formulas']), 'formulas,', wrong, 'wrong')
)";

using Json = nlohmann::json;

Json hexed(const std::vector<double>& numbers) {
  Json texts = Json::array();
  for (const double x : numbers) texts.push_back(fmt::format("{:a}", x));
  return texts;
}

Json formulas_of(const Trace& trace, const std::set<std::string>& kinds) {
  const FormulaWriter writer(trace);
  Json formulas = Json::array();
  const std::pair<const char*, FormulaStyle> styles[] = {{"names", FormulaStyle::kNames},
                                                         {"numbers", FormulaStyle::kNumbers},
                                                         {"links", FormulaStyle::kLinks}};
  for (const Element element : all_elements(trace)) {
    for (const auto& [name, style] : styles) {
      const auto add = [&](const char* kind, const std::string& text) {
        if (text.empty() || !kinds.contains(kind)) return;
        formulas.push_back({element.traced, element.index, kind, name, text});
      };
      add("value", writer.value(element, style));
      add("grad", writer.gradient(element, style));
    }
  }
  return formulas;
}

std::string script_of(const Trace& trace, const std::set<std::string>& kinds) {
  Json names = Json::array(), shapes = Json::array(), data = Json::array(), grad = Json::array();
  for (const Traced& traced : trace.traced) {
    names.push_back(traced.name);
    shapes.push_back(traced.shape);
    data.push_back(hexed(traced.data));
    grad.push_back(hexed(traced.grad));
  }
  const Json whole = {{"names", names},
                      {"shapes", shapes},
                      {"data", data},
                      {"grad", grad},
                      {"formulas", formulas_of(trace, kinds)}};
  return "case = r'''" + whole.dump() + "'''" + kScript;
}

TEST(Formula, IsTheNumberInPythonToo) {
  for (const Step& step : steps()) {
    SCOPED_TRACE(step.name);
    MICROGPT_RUN_PYTHON(output, script_of(step.trace(), {"value", "grad"}));
    EXPECT_TRUE(output.ends_with(" formulas, 0 wrong\n")) << output;
    EXPECT_FALSE(output.starts_with("0 ")) << output;
  }
}

// A rounded value is not its formula's, but what it passes on is made of the rounded numbers.
TEST(Formula, OfAGradientFitsRoundedNumbers) {
  for (Step step : steps()) {
    SCOPED_TRACE(step.name);
    step.options.round = 2;
    MICROGPT_RUN_PYTHON(output, script_of(step.trace(), {"grad"}));
    EXPECT_TRUE(output.ends_with(" formulas, 0 wrong\n")) << output;
    EXPECT_FALSE(output.starts_with("0 ")) << output;
  }
}

// What has no formula: what was given, what nothing uses, and the root's gradient.
TEST(Formula, IsMissingWhereThereIsNothingToSay) {
  for (const Step& step : steps()) {
    SCOPED_TRACE(step.name);
    const Trace trace = step.trace();
    const FormulaWriter writer(trace);
    for (const Element element : all_elements(trace)) {
      const Traced& traced = trace.traced[element.traced];
      EXPECT_EQ(writer.value(element, FormulaStyle::kNames).empty(), traced.parents.empty())
          << path_of(trace, element);
      if (!traced.nodes.empty() && writer.gradient(element, FormulaStyle::kNames).empty()) {
        EXPECT_EQ(traced.grad[element.index], traced.name == "loss" ? 1.0 : 0.0) << traced.name;
      }
    }
  }
}

TEST(Formula, ReadsAsOneWouldWriteIt) {
  const Trace trace = toy_step_with_cache().trace();
  const FormulaWriter writer(trace);
  const auto value = [&](const char* path, FormulaStyle style = FormulaStyle::kNames) {
    return writer.value(find_element(trace, path), style, 3);
  };
  EXPECT_EQ(value("pos2.layer0.q[0]"),
            "layer0.attn_wq[0][0]*pos2.layer0.attn_norm.x[0] + "
            "layer0.attn_wq[0][1]*pos2.layer0.attn_norm.x[1]");
  EXPECT_EQ(value("pos2.layer0.q[0]", FormulaStyle::kNumbers), "0.5*-0.883 + 0.2*1.1");
  EXPECT_EQ(value("pos2.embedding_norm.scale"), "(pos2.embedding_norm.ms + 1e-05)**-0.5");
  EXPECT_EQ(value("pos2.loss"), "-log(pos2.probs[0])");
  EXPECT_EQ(value("pos2.layer0.mlp_act[3]"), "relu(pos2.layer0.mlp_pre[3])");
  EXPECT_EQ(value("pos2.tok_emb[1]"), "wte[2][1]");
  EXPECT_EQ(value("wte[2][1]"), "");
  EXPECT_EQ(writer.gradient(find_element(trace, "pos2.layer0.mlp_out[0]"), FormulaStyle::kNames),
            "grad(pos2.layer0.mlp_residual[0])");
}

}  // namespace
}  // namespace microgpt::test
