#include "microgpt/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "support/message_of.h"

namespace microgpt {
namespace {

Config config_with(const std::function<void(Config&)>& change) {
  Config config;
  config.vocab_size = 27;
  change(config);
  return config;
}

TEST(Config, DefaultModelHas4192Parameters) {
  EXPECT_EQ(config_with([](Config&) {}).num_params(), 4192u);
}

TEST(Config, FirstEditionHas4064Parameters) {
  Config config = default_config(Edition::kFirst);
  config.vocab_size = 27;
  EXPECT_EQ(config.num_params(), 4064u);
  EXPECT_EQ(config.activation, Activation::kReluSquared);
}

TEST(Config, ErrorsNameTheValue) {
  const auto check = [](auto change) { return message_of([&] { config_with(change).check(); }); };
  EXPECT_EQ(check([](Config& c) { c.n_layer = 0; }),
            "n_layer: out of range, expected 1 to 10000, got 0");
  EXPECT_EQ(check([](Config& c) { c.n_embd = -16; }),
            "n_embd: out of range, expected 1 to 1048576, got -16");
  EXPECT_EQ(check([](Config& c) { c.block_size = 1 << 30; }),
            "block_size: out of range, expected 1 to 1048576, got 1073741824");
  EXPECT_EQ(check([](Config& c) { c.n_head = 3; }),
            "n_head: does not divide n_embd, expected a divisor of 16, got 3");
  EXPECT_EQ(check([](Config& c) { c.vocab_size = 1; }),
            "vocab_size: out of range, expected 2 to 1114113, got 1");
  EXPECT_EQ(check([](Config&) {}), "no error");
}

TEST(TrainConfig, ErrorsNameTheValue) {
  const auto check = [](auto change) {
    TrainConfig train;
    change(train);
    return message_of([&] { train.check(); });
  };
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(check([](TrainConfig& t) { t.num_steps = -1; }),
            "num_steps: out of range, expected 0 to 9007199254740992, got -1");
  EXPECT_EQ(check([&](TrainConfig& t) { t.learning_rate = nan; }),
            "learning_rate: out of range, expected a number from 0 on, got nan");
  EXPECT_EQ(check([&](TrainConfig& t) { t.learning_rate = inf; }),
            "learning_rate: out of range, expected a number from 0 on, got inf");
  EXPECT_EQ(check([](TrainConfig& t) { t.beta1 = 1; }),
            "beta1: out of range, expected a number from 0 to below 1, got 1");
  EXPECT_EQ(check([](TrainConfig& t) { t.beta2 = -0.5; }),
            "beta2: out of range, expected a number from 0 to below 1, got -0.5");
  EXPECT_EQ(check([](TrainConfig& t) { t.eps_adam = 0; }),
            "eps_adam: out of range, expected a number above 0, got 0");
  EXPECT_EQ(check([](TrainConfig& t) { t.init_std = -1; }),
            "init_std: out of range, expected 0 to 1e300, got -1");
  EXPECT_EQ(check([](TrainConfig& t) { t.init_std = 1e308; }),
            "init_std: out of range, expected 0 to 1e300, got 1e+308");
  EXPECT_EQ(check([](TrainConfig& t) { t.batch_size = 0; }),
            "batch_size: out of range, expected 1 to 1048576, got 0");
  EXPECT_EQ(check([](TrainConfig& t) { t.grad_accum = -1; }),
            "grad_accum: out of range, expected 1 to 1048576, got -1");
  EXPECT_EQ(check([](TrainConfig&) {}), "no error");
}

TEST(TrainConfig, LearningRateFallsToZeroInEqualSteps) {
  TrainConfig train;
  EXPECT_EQ(learning_rate_at(train, 0), 0.01);
  EXPECT_EQ(learning_rate_at(train, 500), 0.005);
  EXPECT_EQ(learning_rate_at(train, 1), 0.01 * (1 - 1.0 / 1000));
  train.schedule = Schedule::kConstant;
  EXPECT_EQ(learning_rate_at(train, 999), 0.01);
}

TEST(Names, ParseIsTheInverseOfToString) {
  for (const auto e : {Edition::kFinal, Edition::kFirst}) EXPECT_EQ(parse_edition(to_string(e)), e);
  for (const auto a : {Activation::kRelu, Activation::kReluSquared}) {
    EXPECT_EQ(parse_activation(to_string(a)), a);
  }
  for (const auto o : {Optimizer::kAdam, Optimizer::kSgd}) {
    EXPECT_EQ(parse_optimizer(to_string(o)), o);
  }
  for (const auto s : {Schedule::kLinear, Schedule::kConstant}) {
    EXPECT_EQ(parse_schedule(to_string(s)), s);
  }
  EXPECT_EQ(message_of([] { parse_optimizer("adamw"); }),
            "optimizer: no such name, expected adam or sgd, got 'adamw'");
}

}  // namespace
}  // namespace microgpt
