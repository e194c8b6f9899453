// The walkthrough's model: what it gives, to six decimals, and what the walkthrough prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "trace/steps.h"

namespace microgpt::test {
namespace {

using Figures = std::map<std::string, std::vector<double>>;

// A figure of six decimals is off by half of the last one at most.
constexpr double kHalf = 0.5000001e-6;

void expect_figures(const Trace& trace, const Figures& figures) {
  for (const auto& [name, expected] : figures) {
    const std::vector<double>& data = trace.traced[find_traced(trace, name)].data;
    ASSERT_EQ(data.size(), expected.size()) << name;
    for (std::size_t i = 0; i < data.size(); ++i) EXPECT_NEAR(data[i], expected[i], kHalf) << name;
  }
}

void expect_grads(const Trace& trace, const Figures& figures) {
  for (const auto& [name, expected] : figures) {
    const std::vector<double>& grad = trace.traced[find_traced(trace, name)].grad;
    ASSERT_EQ(grad.size(), expected.size()) << name;
    for (std::size_t i = 0; i < grad.size(); ++i) EXPECT_NEAR(grad[i], expected[i], kHalf) << name;
  }
}

TEST(Toy, GivesTheseNumbersWithThePrintedCache) {
  expect_figures(
      toy_step_with_cache().trace(),
      {{"pos2.embedding", {-0.400000, 0.500000}},
       {"pos2.embedding_norm.ms", {0.205000}},
       {"pos2.embedding_norm.scale", {2.208577}},
       {"pos2.embedding_norm.x", {-0.883431, 1.104288}},
       {"pos2.layer0.attn_norm.scale", {1.000019}},
       {"pos2.layer0.attn_norm.x", {-0.883448, 1.104310}},
       {"pos2.layer0.q", {-0.220862, 0.353379}},
       {"pos2.layer0.k", {-0.375465, 0.375465}},
       {"pos2.layer0.v", {-0.242948, 0.839275}},
       {"pos2.layer0.head0.dots", {-0.030921, 0.163438, 0.215608}},
       {"pos2.layer0.head0.scores", {-0.021864, 0.115568, 0.152458}},
       {"pos2.layer0.head0.weights", {0.299602, 0.343740, 0.356658}},
       {"pos2.layer0.head0.out", {0.145141, 0.278202}},
       {"pos2.layer0.attn_out", {0.142725, 0.209255}},
       {"pos2.layer0.attn_residual", {-0.740706, 1.313544}},
       {"pos2.layer0.mlp_norm.ms", {1.137021}},
       {"pos2.layer0.mlp_norm.scale", {0.937808}},
       {"pos2.layer0.mlp_norm.x", {-0.694640, 1.231852}},
       {"pos2.layer0.mlp_pre",
        {-0.154671, 0.754854, -0.577947, 0.423277, 0.593690, -0.262113, -0.047228, -0.423277}},
       {"pos2.layer0.mlp_act", {0, 0.754854, 0, 0.423277, 0.593690, 0, 0, 0}},
       {"pos2.layer0.mlp_out", {0.395767, 0.346119}},
       {"pos2.layer0.mlp_residual", {-0.344939, 1.659663}},
       {"pos2.logits", {0.062485, 0.732853, -0.670368, 1.030291}},
       {"pos2.probs", {0.164808, 0.322193, 0.079196, 0.433802}},
       {"pos2.loss", {1.802973}},
       {"loss", {1.802973}}});
}

TEST(Toy, GivesTheseGradientsWithThePrintedCache) {
  expect_grads(
      toy_step_with_cache().trace(),
      {{"pos2.logits", {-0.835192, 0.322193, 0.079196, 0.433802}},
       {"wte", {0, 0, 0, 0, -0.300847, -0.240618, 0, 0}},
       {"wpe", {0, 0, 0, 0, -0.300847, -0.240618, 0, 0}},
       {"layer0.attn_wq", {0.012998, -0.016248, -0.002913, 0.003641}},
       {"layer0.attn_wk", {0.006532, -0.008165, -0.010452, 0.013064}},
       {"layer0.attn_wv", {0.065742, -0.082178, -0.029074, 0.036343}},
       {"layer0.attn_wo", {-0.056344, -0.107998, 0.035231, 0.067529}},
       {"lm_head",
        {0.288090, -1.386137, -0.111137, 0.534732, -0.027318, 0.131439, -0.149635, 0.719966}}});
}

TEST(Toy, GivesTheseProbabilitiesForEachToken) {
  const Figures probs = {{"0", {0.233027, 0.244880, 0.139968, 0.382125}},
                         {"1", {0.299945, 0.137466, 0.397163, 0.165426}},
                         {"2", {0.164808, 0.322193, 0.079196, 0.433802}},
                         {"3", {0.207373, 0.267436, 0.110589, 0.414602}}};
  for (const auto& [token, expected] : probs) {
    SCOPED_TRACE(token);
    Step step = toy_step_with_cache();
    step.tokens[2] = std::stoi(token);
    const Trace trace = step.trace();
    expect_figures(trace, {{"pos2.probs", expected}});
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(-std::log(number_at(trace, "pos2.probs[" + std::to_string(i) + "]")),
                  -std::log(expected[i]), 1e-5);
    }
  }
}

TEST(Toy, GivesTheseNumbersWithItsOwnCache) {
  expect_figures(toy_step().trace(), {{"pos0.layer0.k", {0.235392, 0.669961}},
                                      {"pos0.layer0.v", {0.525105, 0.325927}},
                                      {"pos1.layer0.k", {0.409716, 0.345698}},
                                      {"pos1.layer0.v", {0.576163, -0.204858}},
                                      {"pos2.layer0.head0.scores", {0.130646, 0.022395, 0.152458}},
                                      {"pos2.layer0.head0.weights", {0.342530, 0.307387, 0.350083}},
                                      {"pos2.layer0.head0.out", {0.271917, 0.342485}},
                                      {"pos2.layer0.attn_residual", {-0.651783, 1.371220}},
                                      {"pos2.layer0.mlp_residual", {-0.245582, 1.707487}},
                                      {"pos2.logits", {0.097074, 0.732111, -0.635037, 1.049051}},
                                      {"pos2.probs", {0.167819, 0.316689, 0.080703, 0.434789}},
                                      {"pos2.loss", {1.784871}}});
  // A fourth unit fires.
  const Trace trace = toy_step().trace();
  const std::vector<double>& act = trace.traced[find_traced(trace, "pos2.layer0.mlp_act")].data;
  EXPECT_EQ(std::ranges::count_if(act, [](double x) { return x > 0; }), 4);
  EXPECT_EQ(std::ranges::count_if(act, [](double x) { return std::abs(x - 0.018905) < kHalf; }), 1);
}

// By hand, rounding at every step, one gets what the walkthrough prints, but for the 0.17 and what
// follows from it.
TEST(Toy, RoundedByHandItIsWhatTheWalkthroughPrints) {
  Step step = toy_step_with_cache();
  step.options.round = 2;
  const Trace trace = step.trace();
  std::vector<std::string> others;
  for (const PrintedFigure& figure : toy_printed_figures()) {
    const double unit = std::pow(10.0, -figure.decimals);
    const double here = number_at(trace, std::string(figure.path));
    if (std::lround(here / unit) != std::lround(figure.printed / unit)) {
      others.emplace_back(figure.path);
    }
  }
  EXPECT_EQ(others, (std::vector<std::string>{"pos2.probs[0]", "pos2.loss"}));
}

}  // namespace
}  // namespace microgpt::test
