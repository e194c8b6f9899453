// What is the engine's own: tests/conformance holds its numbers against the definition.
#include "cpu/large_engine.h"

#include <gtest/gtest.h>

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

StateDict random_state(const Config& config) {
  PythonRandom random(7);
  return init_state_dict(config, TrainConfig(), random);
}

// Said before anything is allocated: at once, and not by the system's out-of-memory killer.
TEST(CpuEngine, TooLargeForTheMachine) {
  Config config = small_config();
  config.n_embd = config.n_head = 1 << 18;
  const std::string message = message_of([&] { make_large_engine(config, {}); });
  EXPECT_TRUE(message.starts_with(
      "engine cpu: the parameters: too large for this machine, expected at most"))
      << message;
}

TEST(CpuEngine, BatchTooLargeForTheMachineLosesNothing) {
  Config config = small_config();
  config.n_layer = 64;
  config.n_embd = 48;
  config.block_size = 1024;
  const auto engine = make_large_engine(config, {});
  engine->load(random_state(config));
  const std::vector<std::vector<int>> small = {{4, 0, 4}}, large(1 << 13, std::vector<int>(1025));
  const double loss = engine->loss_and_grad(small);
  const std::vector<double> grads = engine->grads();
  const std::string message = message_of([&] { engine->loss_and_grad(large); });
  EXPECT_TRUE(message.starts_with("engine cpu: the activations of a batch: too large")) << message;
  EXPECT_EQ(engine->grads(), grads);
  engine->load(random_state(config));
  EXPECT_EQ(engine->loss_and_grad(small), loss);
}

// A decoder sees the weights as they are, not as they were when it was made.
TEST(CpuEngine, DecodersShareTheWeights) {
  const Config config = small_config();
  const auto engine = make_large_engine(config, {});
  const auto decoder = engine->new_decoder();
  engine->load(random_state(config));
  std::vector<double> logits(5), expected(5);
  const std::vector<int> tokens = {4, 1};
  decoder->forward(tokens, logits);
  engine->new_decoder()->forward(tokens, expected);
  EXPECT_EQ(logits, expected);
  EXPECT_NE(logits, std::vector<double>(5));
}

TEST(CpuEngine, UnknownInstructionSet) {
  setenv("MICROGPT_ISA", "wide", 1);
  const std::string message = message_of([] { make_large_engine(small_config(), {}); });
  unsetenv("MICROGPT_ISA");
  EXPECT_TRUE(message.starts_with("MICROGPT_ISA: expected one of plain")) << message;
}

}  // namespace
}  // namespace microgpt::cpu
