// What is the engine's own: tests/conformance holds its numbers against the definition.
#include "cpu/large_engine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/message_of.h"

namespace microgpt::cpu {
namespace {

Config small_config() {
  Config config;
  config.n_layer = 2;
  config.n_embd = 12;
  config.n_head = 3;
  config.block_size = 8;
  config.vocab_size = 5;
  return config;
}

StateDict large_state(const Config& config) {
  PythonRandom random(7);
  return init_state_dict(config, TrainConfig(), random);
}

// Said before anything is allocated: at once, and not by the system's out-of-memory killer.
TEST(LargeEngine, TooLargeForTheMachine) {
  Config config = small_config();
  config.n_embd = config.n_head = 1 << 18;
  const std::string message = message_of([&] { make_large_engine(config, {}); });
  EXPECT_TRUE(message.starts_with(
      "engine cpu: the parameters: too large for this machine, expected at most"))
      << message;
}

TEST(LargeEngine, BatchTooLargeForTheMachineLosesNothing) {
  Config config = small_config();
  config.n_layer = 64;
  config.n_embd = 48;
  config.block_size = 1024;
  const auto engine = make_large_engine(config, {});
  engine->load(large_state(config));
  const std::vector<std::vector<int>> small = {{4, 0, 4}}, large(1 << 13, std::vector<int>(1025));
  const double loss = engine->loss_and_grad(small);
  const std::vector<double> grads = engine->grads();
  const std::string message = message_of([&] { engine->loss_and_grad(large); });
  EXPECT_TRUE(message.starts_with("engine cpu: the activations of a batch: too large")) << message;
  EXPECT_EQ(engine->grads(), grads);
  engine->load(large_state(config));
  EXPECT_EQ(engine->loss_and_grad(small), loss);
}

// A decoder sees the weights as they are, not as they were when it was made.
TEST(LargeEngine, ANumberBeyondFloat32IsRefused) {
  StateDict state = large_state(small_config());
  state.adam_m.resize(small_config().num_params());
  state.adam_v.resize(small_config().num_params(), 1e39);
  const auto engine = make_large_engine(small_config(), {});
  EXPECT_EQ(message_of([&] { engine->load(state); }),
            "engine cpu: a moment of Adam is too large for float32, expected at most 3.4e+38, got "
            "1e+39; --engine exact takes it");
}

// A parameter without a gradient is divided, 0 by epsilon, which must not become 0 in float32.
TEST(LargeEngine, AnEpsilonBelowFloat32) {
  const auto engine = make_large_engine(small_config(), {});
  engine->load(large_state(small_config()));
  const std::vector<std::vector<int>> batch = {{1, 2}};
  engine->train_step(batch, {.learning_rate = 0.1, .beta1 = 0.8, .beta2 = 0.9, .eps_adam = 1e-46});
  for (const double x : flatten(engine->state_dict())) ASSERT_TRUE(std::isfinite(x));
}

TEST(LargeEngine, UnknownInstructionSet) {
  setenv("MICROGPT_ISA", "wide", 1);
  const std::string message = message_of([] { make_large_engine(small_config(), {}); });
  unsetenv("MICROGPT_ISA");
  EXPECT_TRUE(message.starts_with("MICROGPT_ISA: expected one of plain")) << message;
}

}  // namespace
}  // namespace microgpt::cpu
