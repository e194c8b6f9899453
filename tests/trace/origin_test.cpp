// Each number is made where the trace says so.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "trace/steps.h"

namespace microgpt::test {
namespace {

const std::string kMicrogpt = std::string(MICROGPT_SHARED_DIR) + "/oracle/microgpt.py";

// Line 1 at 1.
std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines(1);
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

bool is_adams(const Traced& traced) { return traced.name.starts_with("adam."); }

// What our line must hold.
std::string mark_of(const Trace& trace, const Traced& traced) {
  const std::string last = last_part(traced.name);
  if (is_adams(traced)) return last == "data" ? "data - update" : last + " =";
  if (traced.nodes.front() < trace.config.num_params() && !traced.name.starts_with("pos")) {
    return "random.gauss(";
  }
  return "\"" + last + "\"";
}

TEST(Origin, IsALineOfOursThatNamesTheNumber) {
  for (const Step& step : steps()) {
    const Trace trace = step.trace();
    std::map<std::string, std::vector<std::string>> files;
    for (const Traced& traced : trace.traced) {
      const Origin& origin = traced.origin;
      if (origin.formula == "given") continue;
      auto& lines = files[origin.file];
      if (lines.empty()) lines = lines_of(MICROGPT_SOURCE_DIR "/" + origin.file);
      ASSERT_LT(static_cast<std::size_t>(origin.line), lines.size()) << traced.name;
      const std::string& line = lines[static_cast<std::size_t>(origin.line)];
      EXPECT_NE(line.find(mark_of(trace, traced)), std::string::npos)
          << traced.name << ": " << line;
    }
    EXPECT_GE(files.size(), 2u);
  }
}

// What the line of microgpt.py must hold, by the end of the name.
const std::map<std::string, std::string> kPython = {{"tok_emb", "tok_emb = "},
                                                    {"pos_emb", "pos_emb = "},
                                                    {"embedding", "zip(tok_emb, pos_emb)"},
                                                    {"ms", "ms = "},
                                                    {"scale", "scale = "},
                                                    {"x", "* scale"},
                                                    {"q", " q = "},
                                                    {"k", " k = "},
                                                    {"v", " v = "},
                                                    {"keys", "keys[li].append"},
                                                    {"values", "values[li].append"},
                                                    {"dots", "attn_logits = "},
                                                    {"scores", "attn_logits = "},
                                                    {"exps", "exps = "},
                                                    {"total", "total = "},
                                                    {"weights", "attn_weights = "},
                                                    {"out", "head_out = "},
                                                    {"x_attn", "x_attn.extend"},
                                                    {"attn_out", ".attn_wo'"},
                                                    {"attn_residual", "zip(x, x_residual)"},
                                                    {"mlp_pre", ".mlp_fc1'"},
                                                    {"mlp_act", ".relu()"},
                                                    {"mlp_out", ".mlp_fc2'"},
                                                    {"mlp_residual", "zip(x, x_residual)"},
                                                    {"logits", "logits = linear"},
                                                    {"probs", "probs = softmax"},
                                                    {"loss", "loss_t = "},
                                                    {"wte", "'wte': "},
                                                    {"wpe", "'wpe': "},
                                                    {"lm_head", "'lm_head': "},
                                                    {"attn_wq", ".attn_wq'] = "},
                                                    {"attn_wk", ".attn_wk'] = "},
                                                    {"attn_wv", ".attn_wv'] = "},
                                                    {"attn_wo", ".attn_wo'] = "},
                                                    {"mlp_fc1", ".mlp_fc1'] = "},
                                                    {"mlp_fc2", ".mlp_fc2'] = "}};

const std::map<std::string, std::string> kPythonAdam = {
    {"m", "m[i] = "},      {"v", "v[i] = "},         {"m_hat", "m_hat = "},
    {"v_hat", "v_hat = "}, {"update", "p.data -= "}, {"data", "p.data -= "}};

std::string python_mark_of(const Traced& traced) {
  if (traced.name == "loss") return "loss = ";
  return (is_adams(traced) ? kPythonAdam : kPython).at(last_part(traced.name));
}

// The function that a line lies in: the nearest line above it that is not indented.
std::string function_at(const std::vector<std::string>& lines, int line) {
  while (lines[static_cast<std::size_t>(line)].empty() ||
         lines[static_cast<std::size_t>(line)][0] == ' ') {
    --line;
  }
  const std::string& head = lines[static_cast<std::size_t>(line)];
  if (!head.starts_with("def ")) return "";
  return head.substr(4, head.find('(') - 4);
}

TEST(Origin, IsALineOfMicrogptPyThatMakesTheNumber) {
  if (!std::filesystem::exists(kMicrogpt)) GTEST_SKIP() << kMicrogpt << " is not there";
  const std::vector<std::string> lines = lines_of(kMicrogpt);
  for (const Step& step : steps()) {
    for (const Traced& traced : step.trace().traced) {
      if (traced.origin.formula == "given") continue;
      const int number = traced.origin.python_line;
      ASSERT_LT(static_cast<std::size_t>(number), lines.size());
      const std::string& line = lines[static_cast<std::size_t>(number)];
      EXPECT_NE(line.find(python_mark_of(traced)), std::string::npos)
          << traced.name << ": " << line;
      EXPECT_EQ(function_at(lines, number), traced.origin.python_function) << traced.name;
    }
  }
}

}  // namespace
}  // namespace microgpt::test
