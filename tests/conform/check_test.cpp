// Each known mistake, planted in a port, is named; a right port is right.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "conform/conform_test.h"
#include "conform/port.h"
#include "conform/vectors.h"
#include "microgpt/engine.h"
#include "microgpt/state_dict.h"
#include "microgpt/trainer.h"
#include "support/message_of.h"

namespace microgpt::conform {
namespace {

constexpr int kSteps = 40;

std::string all_digits(Run& run, int steps = kSteps) {
  std::string log;
  for (int i = 0; i < steps; ++i) log += fmt::format("{}\n", run.step(false));
  return log;
}

std::string output(Run& run) {
  std::string log = "num docs: 12\nvocab size: 7\nnum params: 702\n";
  for (int step = 1; step <= kSteps; ++step) {
    log += fmt::format("step {:4} / {:4} | loss {:.4f}\n", step, kSteps, run.step(false));
  }
  return log;
}

std::string samples(Run& run) {
  std::string log = "\n--- inference (new, hallucinated names) ---\n";
  int i = 0;
  for (const std::string& sample : run.samples(20)) {
    log += fmt::format("sample {:2}: {}\n", ++i, sample);
  }
  return log;
}

class Check : public ::testing::TestWithParam<Mistake> {
 protected:
  Port port(const Mistakes& mistakes) const { return {small_recipe(), corpus_, mistakes}; }
  std::string_view id() const { return describe(GetParam()).id; }

  const Corpus corpus_{small_documents()};
};

using Training = Check;

TEST_P(Training, IsNamedByItsLosses) {
  Port wrong = port({GetParam()});
  const Verdict verdict = check_small(all_digits(wrong));
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(ids(verdict), id());
}

TEST_P(Training, IsNamedByFourDecimals) {
  Port wrong = port({GetParam()});
  const Verdict verdict = check_small(output(wrong));
  if (id().starts_with("log-eps")) {
    EXPECT_EQ(verdict.answer, Answer::kPrinted);
    return;
  }
  if (GetParam() == Mistake::kNoAttentionNorm) {  // a norm twice is nearly the norm once
    EXPECT_EQ(verdict.answer, Answer::kFloat32);
    return;
  }
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(ids(verdict), id());
}

// With the numbers in between the first of them shows where the catalogue says.
TEST_P(Training, IsNamedByADumpWithItsPlace) {
  Port wrong = port({GetParam()});
  Recipe recipe = small_recipe();
  recipe.num_samples = 0;  // some parameters become no numbers
  const std::string dump = format_vectors(wrong, recipe, corpus_, {{1, 2, 3}, true});
  const Verdict verdict = check_small(dump);
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(ids(verdict), id());
  ASSERT_TRUE(verdict.first);
  EXPECT_EQ(verdict.first->name, describe(GetParam()).shows);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Training, each_of(Stage::kTraining), test_name);

using Rounding = Check;

TEST_P(Rounding, IsRightAndNamed) {
  Recipe recipe = small_recipe();
  recipe.train.num_steps = 150;
  recipe.train.seed = 2;  // pow(x, 2) is x * x but for one x in a thousand: here are some
  Port port(recipe, corpus_, {GetParam()});
  const Verdict verdict = check(all_digits(port, 150), "log", recipe, small_documents());
  if (GetParam() == Mistake::kFloat32) {
    EXPECT_EQ(verdict.answer, Answer::kFloat32);
    return;
  }
  EXPECT_EQ(verdict.answer, Answer::kRounding);
  EXPECT_GE(verdict.digits, 13);
  // What Adam's square does, all folded powers do as well.
  const bool is_square = GetParam() == Mistake::kFoldedPow || GetParam() == Mistake::kAdamSquare;
  EXPECT_EQ(ids(verdict), is_square ? "folded-pow, adam-square" : id());
}

TEST_P(Rounding, IsRightByFourDecimals) {
  Port port = Rounding::port({GetParam()});
  EXPECT_EQ(check_small(output(port)).answer, Answer::kPrinted);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Rounding, each_of(Stage::kRounding), test_name);

using Sampling = Check;

TEST_P(Sampling, IsNamedByItsSamples) {
  Port wrong = port({GetParam()});
  const std::string losses = output(wrong);
  const Verdict verdict = check_small(losses + samples(wrong));
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_TRUE(verdict.first && verdict.first->name.starts_with("sample"));
  EXPECT_EQ(ids(verdict), id());
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Sampling, each_of(Stage::kSampling), test_name);

using Float32 = Check;

// What shows by more than float32's own noise.
TEST_P(Float32, IsNamedAllTheSame) {
  Port wrong = port({GetParam(), Mistake::kFloat32});
  const Verdict verdict = check_small(all_digits(wrong));
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(ids(verdict), id());
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Float32,
                         ::testing::Values(Mistake::kMulSwapped, Mistake::kPastDropped,
                                           Mistake::kReluNoMask, Mistake::kNoBiasCorrection,
                                           Mistake::kLmHeadLast, Mistake::kNoScale),
                         test_name);

TEST_F(Check, ARightPortIsRightInEveryBit) {
  Port right = port({});
  const Verdict verdict = check_small(all_digits(right));
  EXPECT_EQ(verdict.answer, Answer::kExact);
  EXPECT_EQ(verdict.losses, 40u);
  EXPECT_TRUE(verdict.causes.empty());
  Port again = port({});
  const std::string dump = format_vectors(again, small_recipe(), corpus_, {{1, 5}, true});
  const Verdict whole = check_small(dump);
  EXPECT_EQ(whole.answer, Answer::kExact);
  EXPECT_GT(whole.numbers, 2000u);
  EXPECT_TRUE(whole.unknown.empty());
}

// The engine in float32, whose first loss is now and then right by chance.
TEST_F(Check, AFloat32EngineIsNoFalseAlarm) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Recipe recipe = small_recipe();
    recipe.train.seed = seed;
    PythonRandom random(seed);
    Dataset dataset = small_documents();
    dataset.shuffle(random);
    Config config = recipe.config;
    config.vocab_size = corpus_.final_edition.vocab_size();
    const auto engine = make_engine("cpu", config);
    engine->load(init_state_dict(config, recipe.train, random));
    std::string all, printed;
    train(*engine, config, recipe.train, dataset, corpus_.final_edition, 0, [&](auto& report) {
      all += fmt::format("{}\n", report.loss);
      printed += fmt::format("{:.4f}\n", report.loss);
      return true;
    });
    for (const std::string& log : {all, printed}) {
      const Verdict verdict = check(log, "log", recipe, small_documents());
      EXPECT_NE(verdict.answer, Answer::kWrong) << seed << ' ' << ids(verdict);
      EXPECT_NE(verdict.answer, Answer::kExact);
    }
  }
}

// A constant that is not in the catalogue is as small as float32's noise, but errs to one side.
TEST_F(Check, ASmallConstantIsNotFloat32) {
  Port right = port({});
  std::string log;
  for (int i = 0; i < kSteps; ++i) {
    const double loss = right.step(false);
    log += fmt::format("{}\n", -std::log(std::exp(-loss) + 4e-9));
  }
  const Verdict verdict = check_small(log);
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(ids(verdict), "");
}

// Nine digits, six decimals, and the fewest digits that give float32 back, as Rust prints it.
TEST_F(Check, Float32IsRightHoweverItIsPrinted) {
  Port port = Check::port({Mistake::kFloat32});
  std::string nine, six, fewest;
  for (int i = 0; i < kSteps; ++i) {
    const double loss = port.step(false);
    nine += fmt::format("{:.9g}\n", loss);
    six += fmt::format("{:.6f}\n", loss);
    fewest += fmt::format("{}\n", static_cast<float>(loss));
  }
  for (const std::string& log : {nine, six, fewest}) {
    EXPECT_NE(check_small(log).answer, Answer::kWrong) << log.substr(0, 40);
  }
  EXPECT_EQ(check_small(nine).answer, Answer::kFloat32);
}

std::string dump_of(Port& port, int decimals, double sign) {
  const double loss = port.step(true);
  nlohmann::json grad = nlohmann::json::object();
  const double unit = std::pow(10, decimals);
  for (const Named& named : port.trace()) {
    if (!named.name.starts_with("grad.")) continue;
    std::vector<double> values = named.values;
    for (double& x : values) x = sign * (decimals > 0 ? std::round(x * unit) / unit : x);
    grad[named.name.substr(5)] = values;
  }
  return nlohmann::json({{"losses", {std::round(loss * 1e4) / 1e4}},
                         {"trace", {{{"step", 1}, {"grad", grad}}}}})
      .dump();
}

TEST_F(Check, RoundedLossesExcuseNoOtherNumbers) {
  Port right = port({}), rounded = port({}), wrong = port({}), zero = port({});
  EXPECT_EQ(check_small(dump_of(right, 0, 1)).answer, Answer::kPrinted);
  EXPECT_EQ(check_small(dump_of(rounded, 6, 1)).answer, Answer::kPrinted);
  EXPECT_EQ(check_small(dump_of(wrong, 0, -1)).answer, Answer::kWrong);
  EXPECT_EQ(check_small(dump_of(zero, 6, 0)).answer, Answer::kWrong);
}

TEST_F(Check, AnotherCountIsWrong) {
  Port right = port({});
  const std::string log =
      fmt::format(R"({{"losses":[{:.4f}],"trace":[{{"step":1,"grad":{{"wte":[0.1234,0.2]}}}}]}})",
                  right.step(false));
  EXPECT_EQ(check_small(log).answer, Answer::kWrong);
}

TEST_F(Check, NothingToCompareIsNotRight) {
  EXPECT_EQ(message_of([] { check_small(R"({"init": {"nosuch": [1]}})"); }),
            "log: nothing to compare, the run has no init.nosuch");
}

// Six significant digits, as C++ prints a double: six decimals below 1, five above.
TEST_F(Check, SignificantDigitsAreRight) {
  Recipe recipe = small_recipe();
  recipe.train.num_steps = 150;
  Port right(recipe, corpus_, {});
  std::string log;
  bool below_one = false;
  for (int i = 0; i < 150; ++i) {
    const double loss = right.step(false);
    below_one = below_one || loss < 1;
    log += fmt::format("{:.6g}\n", loss);
  }
  EXPECT_TRUE(below_one);
  EXPECT_EQ(check(log, "log", recipe, small_documents()).answer, Answer::kPrinted);
}

TEST_F(Check, OtherSamplesLeaveTheLossesRight) {
  Port port = Check::port({}), single = Check::port({Mistake::kFloat32});
  std::string log = output(port) + "sample 1: zzz\n";
  const Verdict verdict = check_small(log);
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(verdict.training, Answer::kPrinted);
  EXPECT_EQ(verdict.numbers, 40u);
  EXPECT_EQ(verdict.samples, 1u);
  ASSERT_TRUE(verdict.first_sample);
  std::string losses;
  for (int i = 0; i < kSteps; ++i)
    losses += fmt::format("step {} / 40 | loss {}\n", i + 1, single.step(false));
  const Verdict float32 = check_small(losses + "sample 1: zzz\n");
  EXPECT_EQ(float32.answer, Answer::kFloat32);
  EXPECT_TRUE(float32.first_sample);
}

TEST_F(Check, FewNumbersAreNotPaired) {
  EXPECT_FALSE(check_small("1.25\n").paired);
  EXPECT_FALSE(check_small("1.25\n2.25\n").paired);
}

TEST_F(Check, TwoMistakesAreNamedTogether) {
  for (const auto& [a, b] : {std::pair(Mistake::kMulSwapped, Mistake::kNoDecay),
                             std::pair(Mistake::kLmHeadLast, Mistake::kBetasFirst)}) {
    Port wrong = port({a, b});
    const Verdict verdict = check_small(all_digits(wrong));
    EXPECT_EQ(verdict.answer, Answer::kWrong);
    EXPECT_EQ(ids(verdict), fmt::format("{} + {}", describe(a).id, describe(b).id));
  }
}

TEST_F(Check, WhatIsNotInTheCatalogueIsUnknown) {
  Recipe other = small_recipe();
  other.train.learning_rate = 0.0101;
  Port wrong(other, corpus_, {});
  const Verdict verdict = check_small(all_digits(wrong));
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(ids(verdict), "");
  ASSERT_TRUE(verdict.first);
  EXPECT_EQ(verdict.first->name, "step2.loss");
}

// The beginning of a run of 40 steps, or a run of 10: its learning rate falls faster.
TEST_F(Check, AShortLogIsEither) {
  for (const int num_steps : {10, 40}) {
    Recipe recipe = small_recipe();
    recipe.train.num_steps = num_steps;
    Port right(recipe, corpus_, {});
    std::string log;
    for (int i = 0; i < 10; ++i) log += fmt::format("{:a}\n", right.step(false));
    const Verdict verdict = check_small(log);
    EXPECT_EQ(verdict.answer, Answer::kExact);
    EXPECT_EQ(verdict.num_steps, num_steps);
  }
}

TEST_F(Check, ADigitTooFewIsSeen) {
  Port right = port({});
  std::string log = output(right);
  const std::size_t at = log.find("loss", log.find("step   20")) + 9;
  log[at] = log[at] == '5' ? '4' : '5';
  const Verdict verdict = check_small(log);
  EXPECT_EQ(verdict.answer, Answer::kWrong);
  EXPECT_EQ(verdict.first->name, "step20.loss");
  EXPECT_EQ(ids(verdict), "");
}

}  // namespace
}  // namespace microgpt::conform
