#include "microgpt/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "support/message_of.h"

namespace microgpt {
namespace {

const std::vector<double> kLogits = {std::log(1.0), std::log(2.0), std::log(4.0), std::log(3.0)};

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-15) << i;
}

TEST(NextTokenProbabilities, Softmax) {
  expect_near(next_token_probabilities(kLogits, {1, 0, 1}), {0.1, 0.2, 0.4, 0.3});
}

TEST(NextTokenProbabilities, TemperatureSquares) {
  expect_near(next_token_probabilities(kLogits, {0.5, 0, 1}),
              {1. / 30, 4. / 30, 16. / 30, 9. / 30});
}

TEST(NextTokenProbabilities, ZeroTemperatureTakesTheFirstOfTheLikeliest) {
  expect_near(next_token_probabilities(kLogits, {0, 0, 1}), {0, 0, 1, 0});
  const std::vector<double> equal = {1, 3, 3};
  expect_near(next_token_probabilities(equal, {0, 0, 1}), {0, 1, 0});
}

TEST(NextTokenProbabilities, TopK) {
  expect_near(next_token_probabilities(kLogits, {1, 2, 1}), {0, 0, 4. / 7, 3. / 7});
  expect_near(next_token_probabilities(kLogits, {1, 1, 1}), {0, 0, 1, 0});
  expect_near(next_token_probabilities(kLogits, {1, 99, 1}), {0.1, 0.2, 0.4, 0.3});
}

TEST(NextTokenProbabilities, TopPKeepsTheFewestThatReachIt) {
  expect_near(next_token_probabilities(kLogits, {1, 0, 0.69}), {0, 0, 4. / 7, 3. / 7});
  expect_near(next_token_probabilities(kLogits, {1, 0, 0.71}), {0, 2. / 9, 4. / 9, 3. / 9});
  expect_near(next_token_probabilities(kLogits, {1, 0, 1e-9}), {0, 0, 1, 0});
}

TEST(NextTokenProbabilities, HugeLogitsDoNotOverflow) {
  const std::vector<double> huge = {1e300, 1e300, -1e300};
  expect_near(next_token_probabilities(huge, {1, 0, 1}), {0.5, 0.5, 0});
}

TEST(SampleConfig, Errors) {
  const double nan = std::nan("");
  const auto check = [](SampleConfig c) { return message_of([=] { c.check(); }); };
  EXPECT_EQ(check({0.5, 0, 1}), "no error");
  EXPECT_EQ(check({-1, 0, 1}),
            "temperature: out of range, expected 0 (greedy), or 1e-300 or more, got -1");
  EXPECT_EQ(check({nan, 0, 1}),
            "temperature: out of range, expected 0 (greedy), or 1e-300 or more, got nan");
  EXPECT_EQ(check({1e-310, 0, 1}),
            "temperature: out of range, expected 0 (greedy), or 1e-300 or more, got 1e-310");
  EXPECT_EQ(check({1, -1, 1}), "top_k: out of range, expected 1 or more, or 0 for all, got -1");
  EXPECT_EQ(check({1, 0, 0}), "top_p: out of range, expected above 0 to 1, got 0");
  EXPECT_EQ(check({1, 0, 1.5}), "top_p: out of range, expected above 0 to 1, got 1.5");
  EXPECT_EQ(check({1, 0, nan}), "top_p: out of range, expected above 0 to 1, got nan");
}

// A model over "abc" with random weights.
struct Generator {
  Generator() {
    TrainConfig train;
    train.init_std = 0.6;
    PythonRandom init(5);
    engine->load(init_state_dict(config, train, init));
  }

  Sample operator()(const SampleConfig& how, const std::string& prefix = "") {
    return generate(*engine->new_decoder(), config, tokenizer, how, prefix, random);
  }

  static Config make_config() {
    Config config;
    config.n_embd = 4;
    config.n_head = 2;
    config.block_size = 4;
    config.vocab_size = 4;
    return config;
  }

  Config config = make_config();
  Tokenizer tokenizer{{"a", "b", "c"}, 3};
  std::unique_ptr<Engine> engine = make_engine("reference", config);
  PythonRandom random{1};
};

TEST(Generate, SamplesAddUp) {
  Generator sample;
  for (int i = 0; i < 50; ++i) {
    const Sample s = sample({1, 0, 1}, "b");
    EXPECT_TRUE(s.text.starts_with("b"));
    std::string text = "b";
    double log_probability = 0;
    for (const SampledToken& t : s.tokens) {
      text += sample.tokenizer.token_text(t.token);
      log_probability += std::log(t.probability);
    }
    EXPECT_EQ(s.text, text);
    EXPECT_EQ(s.log_probability, log_probability);
    EXPECT_EQ(s.complete, s.tokens.back().token == 3);
    EXPECT_LE(s.text.size(), 4u);
    EXPECT_EQ(s.tokens.size(), s.text.size() - 1 + (s.complete ? 1 : 0));
  }
}

// exp(log_probability) is how often a text comes, within 5 standard errors.
TEST(Generate, FrequenciesMatchProbabilities) {
  Generator sample;
  std::map<std::string, int> count;
  std::map<std::string, double> probability;
  constexpr int kRuns = 20'000;
  for (int i = 0; i < kRuns; ++i) {
    const Sample s = sample({0.8, 0, 1});
    const std::string key = s.text + (s.complete ? "." : "");
    ++count[key];
    probability[key] = std::exp(s.log_probability);
  }
  for (const auto& [text, n] : count) {
    const double p = probability[text];
    EXPECT_NEAR(n, kRuns * p, 5 * std::sqrt(kRuns * p * (1 - p)) + 1) << text;
  }
}

TEST(Generate, GreedyIsAlwaysTheSame) {
  Generator sample;
  const std::string text = sample({0, 0, 1}).text;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sample({0, 0, 1}).text, text);
}

TEST(Generate, PrefixOfOneLessThanTheBlock) {
  Generator sample;
  const Sample s = sample({1, 0, 1}, "abc");
  EXPECT_EQ(s.tokens.size(), 1u);
}

TEST(Generate, Errors) {
  Generator sample;
  const auto with_prefix = [&](const std::string& prefix) {
    return message_of([&] { sample({1, 0, 1}, prefix); });
  };
  EXPECT_EQ(with_prefix("abca"),
            "prefix: too long, expected at most 3 letters so that one is left to generate, got 4");
  EXPECT_NE(with_prefix("x"), "no error");
  EXPECT_NE(message_of([&] { sample({-1, 0, 1}); }), "no error");
}

}  // namespace
}  // namespace microgpt
