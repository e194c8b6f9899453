// `exact` beside `reference`: every bit of losses, gradients, parameters, moments and logits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "microgpt/engine.h"
#include "microgpt/random.h"
#include "microgpt/state_dict.h"
#include "support/environment.h"
#include "support/isas.h"
#include "support/message_of.h"
#include "support/sanitized.h"

namespace microgpt {
namespace {

struct Case {
  Config config;
  TrainConfig train;
  std::vector<std::vector<std::vector<int>>> batches;  // one a step
  std::vector<double> adam_m;                          // at first; none, or of all parameters
};

std::vector<int> random_document(std::mt19937& rng, const Config& config, std::size_t length) {
  std::vector<int> tokens(length);
  for (int& token : tokens) {
    token = static_cast<int>(rng() % static_cast<unsigned>(config.vocab_size));
  }
  return tokens;
}

Case random_case(unsigned seed) {
  std::mt19937 rng(seed);
  const auto up_to = [&](unsigned n) { return static_cast<int>(rng() % n) + 1; };
  Case c;
  c.config.n_head = up_to(4);
  c.config.n_embd = c.config.n_head * up_to(seed % 10 == 0 ? 12 : 5);
  c.config.n_layer = up_to(3);
  c.config.block_size = up_to(seed % 7 == 0 ? 40 : 18);
  c.config.vocab_size = 1 + up_to(40);
  c.config.activation = seed % 3 == 0 ? Activation::kReluSquared : Activation::kRelu;
  if (rng() % 2 == 0) {
    for (const PartName& name : kPartNames) c.config.parts.*name.part = rng() % 2 == 0;
  }
  c.train = default_train_config(seed % 2 == 0 ? Edition::kFinal : Edition::kFirst);
  c.train.init_std = 0.05 * up_to(6);
  c.train.optimizer = seed % 5 == 0 ? Optimizer::kSgd : Optimizer::kAdam;
  c.train.schedule = seed % 4 == 0 ? Schedule::kConstant : Schedule::kLinear;
  c.train.learning_rate = 0.01 * up_to(5);
  c.train.num_steps = 4;
  for (std::size_t i = 0; seed % 6 == 0 && i < c.config.num_params(); ++i) {
    c.adam_m.push_back(0.001 * static_cast<double>(rng() % 200) - 0.1);
  }
  for (std::int64_t step = 0; step < c.train.num_steps; ++step) {
    auto& batch = c.batches.emplace_back(step % 2 == 0 ? 1 : up_to(4));
    for (auto& tokens : batch) {
      tokens = random_document(rng, c.config,
                               2 + rng() % static_cast<unsigned>(c.config.block_size + 3));
    }
  }
  return c;
}

OptimizerStep step_of(const TrainConfig& train, std::int64_t step) {
  return {train.optimizer, step,         learning_rate_at(train, step), train.beta1, train.beta2,
          train.eps_adam,  train.edition};
}

// Every number that an engine makes of a case, one after another.
std::vector<double> numbers(const char* engine_name, const Case& c, bool in_one_pass) {
  const auto engine = make_engine(engine_name, c.config);
  PythonRandom random(c.train.seed);
  StateDict first = init_state_dict(c.config, c.train, random);
  first.adam_m = c.adam_m;
  first.adam_v.assign(c.adam_m.size(), 0.01);
  engine->load(first);
  std::vector<double> all;
  const auto append = [&](const std::vector<double>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (std::size_t s = 0; s < c.batches.size(); ++s) {
    const OptimizerStep step = step_of(c.train, static_cast<std::int64_t>(s));
    if (in_one_pass) {
      all.push_back(engine->train_step(c.batches[s], step));
    } else {
      // The second document's gradients come on top of the first's.
      all.push_back(engine->loss_and_grad(c.batches[s]));
      all.push_back(engine->loss_and_grad({c.batches[0].data(), 1}, 100));
      append(engine->grads());
      engine->optimizer_step(step);
    }
  }
  append(engine->grads());
  const StateDict state = engine->state_dict();
  append(flatten(state));
  append(state.adam_m);
  append(state.adam_v);
  const auto decoder = engine->new_decoder();
  std::vector<double> logits(static_cast<std::size_t>(c.config.vocab_size));
  for (int round = 0; round < 2; ++round) {
    decoder->rewind(0);
    const std::vector<int>& tokens = c.batches[0][0];
    const auto n =
        std::min<std::size_t>(tokens.size(), static_cast<std::size_t>(c.config.block_size));
    for (std::size_t i = 0; i < n; ++i) {
      decoder->forward(std::span(tokens).subspan(i, 1), logits);
      append(logits);
    }
  }
  return all;
}

// Up to the first number that is not finite: a training without RMSNorm can diverge, and of a NaN
// no bits are promised.
void expect_same_bits(const std::vector<double>& ours, const std::vector<double>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!std::isfinite(theirs[i])) {
      EXPECT_FALSE(std::isfinite(ours[i])) << "number " << i;
      return;
    }
    ASSERT_EQ(std::bit_cast<std::uint64_t>(ours[i]), std::bit_cast<std::uint64_t>(theirs[i]))
        << fmt::format("number {}: {:a}, expected {:a}", i, ours[i], theirs[i]);
  }
}

class ExactEngine : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { isa_.set(std::string(to_string(GetParam()))); }

 private:
  test::EnvironmentVariable isa_{"MICROGPT_ISA"};
};

TEST_P(ExactEngine, HasTheBitsOfReference) {
  const unsigned first = static_cast<unsigned>(GetParam()) * 1000;
  const unsigned cases = kSanitized ? 20 : 210;
  for (unsigned seed = first; seed < first + cases; ++seed) {
    const Case c = random_case(seed);
    SCOPED_TRACE(
        fmt::format("seed {}: n_embd {} n_head {} n_layer {} block_size {} vocab_size {} "
                    "without {}",
                    seed, c.config.n_embd, c.config.n_head, c.config.n_layer, c.config.block_size,
                    c.config.vocab_size, missing_parts(c.config.parts)));
    for (const bool in_one_pass : {true, false}) {
      ASSERT_NO_FATAL_FAILURE(
          expect_same_bits(numbers("exact", c, in_one_pass), numbers("reference", c, in_one_pass)));
    }
  }
}

// Sizes as they are used, each length of a document on its own.
TEST_P(ExactEngine, HasTheBitsOfReferenceAtEveryLength) {
  std::mt19937 rng(1);
  Case c;
  c.config.vocab_size = 27;
  for (std::size_t length = 2; length <= 19; ++length) {
    c.batches = {{random_document(rng, c.config, length)}};
    ASSERT_NO_FATAL_FAILURE(
        expect_same_bits(numbers("exact", c, true), numbers("reference", c, true)))
        << length;
  }
}

// Many steps: moments grow and decay over many powers of two, rows stay unused and come into use.
TEST_P(ExactEngine, StaysWithReferenceForThousandsOfSteps) {
  std::mt19937 rng(2);
  Case c;
  c.config = {.n_layer = 1, .n_embd = 4, .block_size = 6, .n_head = 2, .vocab_size = 9};
  c.train.schedule = Schedule::kConstant;
  for (int step = 0; step < 6000; ++step) {
    // Token 8 is rare, so that its moments underflow.
    const std::size_t length = step % 5000 < 10 ? 7 : 2 + rng() % 3;
    auto document = random_document(rng, c.config, length);
    if (step % 5000 >= 10) {
      for (int& token : document) token %= 8;
    }
    c.batches.push_back({document});
  }
  expect_same_bits(numbers("exact", c, true), numbers("reference", c, true));
}

INSTANTIATE_TEST_SUITE_P(EachIsa, ExactEngine, ::testing::ValuesIn(test::supported_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

TEST(ExactEngineErrors, NothingIsLostAfterBadInput) {
  const Config config{.n_layer = 1, .n_embd = 4, .block_size = 4, .n_head = 2, .vocab_size = 5};
  const auto engine = make_engine("exact", config);
  PythonRandom random(1);
  engine->load(init_state_dict(config, {}, random));
  const std::vector<std::vector<int>> good = {{1, 2, 3}}, bad = {{1, 5}}, one = {{1}};
  const OptimizerStep step = step_of({}, 0);
  const std::vector<double> before = flatten(engine->state_dict());
  EXPECT_EQ(message_of([&] { engine->train_step(bad, step); }),
            "token: out of range, expected 0 to 4, got 5");
  EXPECT_EQ(message_of([&] { engine->train_step(one, step); }),
            "batch: document too short, expected 2 tokens or more, got 1");
  EXPECT_EQ(message_of([&] { engine->loss_and_grad({}); }),
            "batch: no documents, expected at least one");
  EXPECT_EQ(before, flatten(engine->state_dict()));
  EXPECT_TRUE(std::isfinite(engine->train_step(good, step)));
}

// A step whose loss is not finite changes nothing.
TEST(ExactEngineErrors, ADivergedStepIsNotTaken) {
  const Config config{.n_layer = 1, .n_embd = 4, .block_size = 4, .n_head = 2, .vocab_size = 5};
  const auto engine = make_engine("exact", config);
  PythonRandom random(1);
  StateDict state = init_state_dict(config, {}, random);
  for (double& x : state.params[2].data) x *= 1e306;
  engine->load(state);
  const std::vector<std::vector<int>> batch = {{1, 2, 3}};
  EXPECT_FALSE(std::isfinite(engine->train_step(batch, step_of({}, 0))));
  EXPECT_EQ(engine->state_dict(), state);
}

}  // namespace
}  // namespace microgpt
