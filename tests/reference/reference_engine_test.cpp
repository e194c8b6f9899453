#include "reference/reference_engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "microgpt/numerical_gradient.h"
#include "support/message_of.h"
#include "support/sanitized.h"

namespace microgpt::reference {
namespace {

Config small_config(Activation activation = Activation::kRelu) {
  Config config;
  config.n_layer = 2;
  config.n_embd = 6;
  config.n_head = 2;
  config.block_size = 4;
  config.vocab_size = 5;
  config.activation = activation;
  return config;
}

// Large enough that attention and the MLP matter.
StateDict random_state(const Config& config) {
  TrainConfig train;
  train.init_std = 0.5;
  PythonRandom random(7);
  return init_state_dict(config, train, random);
}

double loss_at(const Config& config, const StateDict& state, Batch batch) {
  const auto engine = make_reference_engine(config);
  engine->load(state);
  return engine->loss_and_grad(batch);
}

// The inverse of flatten.
StateDict with_params(StateDict state, const std::vector<double>& params) {
  auto next = params.begin();
  for (Tensor& tensor : state.params) {
    for (double& x : tensor.data) x = *next++;
  }
  return state;
}

// The gradient of every parameter agrees with central differences of the loss.
void expect_right_gradients(const Config& config) {
  const std::vector<std::vector<int>> batch = {{4, 0, 1, 2, 4}, {4, 3, 4}};
  const StateDict state = random_state(config);
  const auto engine = make_reference_engine(config);
  engine->load(state);
  engine->loss_and_grad(batch);
  const std::vector<double> grads = engine->grads();
  const auto numerical = numerical_gradient(
      [&](const std::vector<double>& params) {
        return loss_at(config, with_params(state, params), batch);
      },
      flatten(state), 1e-6);
  for (std::size_t i = 0; i < grads.size(); ++i) EXPECT_NEAR(grads[i], numerical[i], 2e-8) << i;
}

TEST(ReferenceEngine, GradientsMatchFiniteDifferences) {
  for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
    if (kSanitized && activation == Activation::kRelu) continue;
    expect_right_gradients(small_config(activation));
  }
}

TEST(ReferenceEngine, GradientsWithoutPartsMatchFiniteDifferences) {
  for (const PartName& name : kPartNames) {
    Config config = small_config();
    config.parts.*name.part = false;
    SCOPED_TRACE(missing_parts(config.parts));
    expect_right_gradients(config);
  }
}

// One layer whose blocks give out zeros, logits are lm_head's rows times what is left of x, in
// hand: 2 features, wte[token] = (3, 4), wpe[0] = (1, -1).
struct PassThrough {
  PassThrough() {
    for (Tensor& tensor : state.params) tensor.data.assign(tensor.rows * tensor.cols, 0.0);
    state.params[0].data = {0, 0, 3, 4};
    state.params[1].data = {1, -1};
    state.params[2].data = {1, 0, 0, 1};  // logits are x
  }

  std::vector<double> logits(const Parts& parts) {
    config.parts = parts;
    const auto engine = make_reference_engine(config);
    engine->load(state);
    std::vector<double> out(2);
    engine->new_decoder()->forward(std::vector{1}, out);
    return out;
  }

  Config config{.n_layer = 1, .n_embd = 2, .block_size = 1, .n_head = 1, .vocab_size = 2};
  StateDict state{parameter_table(config), {}, {}};
};

TEST(ReferenceEngine, PartsThatAreLeftOut) {
  PassThrough model;
  EXPECT_EQ(model.logits({.rmsnorm = false}), (std::vector{4.0, 3.0}));
  EXPECT_EQ(model.logits({.rmsnorm = false, .wpe = false}), (std::vector{3.0, 4.0}));
  EXPECT_EQ(model.logits({.residual = false}), (std::vector{0.0, 0.0}));
  const double scale = 1 / std::sqrt((16.0 + 9.0) / 2 + 1e-5);
  const std::vector<double> whole = model.logits({});
  EXPECT_NEAR(whole[0], 4 * scale, 1e-15);
  EXPECT_NEAR(whole[1], 3 * scale, 1e-15);
}

TEST(ReferenceEngine, LossOfEqualLogitsIsLogOfTheVocabulary) {
  const auto engine = make_reference_engine(small_config());  // all parameters zero
  const std::vector<std::vector<int>> batch = {{4, 0, 1, 4}};
  EXPECT_NEAR(engine->loss_and_grad(batch), std::log(5.0), 1e-15);
}

TEST(ReferenceEngine, OnlyTheFirstBlockSizePredictionsCount) {
  const Config config = small_config();
  const StateDict state = random_state(config);
  const std::vector<std::vector<int>> whole = {{4, 0, 1, 2, 3, 1, 4}}, cut = {{4, 0, 1, 2, 3}};
  EXPECT_EQ(loss_at(config, state, whole), loss_at(config, state, cut));
}

TEST(ReferenceEngine, BatchLossIsTheMeanOverAllTokens) {
  const Config config = small_config();
  const StateDict state = random_state(config);
  const std::vector<std::vector<int>> two = {{4, 0, 1, 2}, {4, 3}};
  const double first = loss_at(config, state, {two.data(), 1});
  const double second = loss_at(config, state, {two.data() + 1, 1});
  EXPECT_NEAR(loss_at(config, state, two), (3 * first + 1 * second) / 4, 1e-14);
}

TEST(ReferenceEngine, GradientsAddUpUntilTheUpdate) {
  const Config config = small_config();
  const auto engine = make_reference_engine(config);
  engine->load(random_state(config));
  const std::vector<std::vector<int>> batch = {{4, 0, 1, 4}};
  engine->loss_and_grad(batch);
  const std::vector<double> once = engine->grads();
  engine->loss_and_grad(batch);
  const std::vector<double> twice = engine->grads();
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_NEAR(twice[i], 2 * once[i], 1e-14);
  engine->optimizer_step({Optimizer::kSgd, 0, 0.1, 0, 0, 0});
  EXPECT_EQ(engine->grads(), std::vector<double>(once.size(), 0.0));
}

TEST(ReferenceEngine, SgdSubtractsTheScaledGradient) {
  const Config config = small_config();
  const auto engine = make_reference_engine(config);
  const StateDict state = random_state(config);
  engine->load(state);
  const std::vector<std::vector<int>> batch = {{4, 0, 1, 4}};
  engine->loss_and_grad(batch);
  const std::vector<double> before = flatten(state), grads = engine->grads();
  engine->optimizer_step({Optimizer::kSgd, 0, 0.25, 0, 0, 0});
  const std::vector<double> after = flatten(engine->state_dict());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i], before[i] - 0.25 * grads[i]);
  }
  EXPECT_TRUE(engine->state_dict().adam_m.empty());
}

// The bias correction makes Adam's first step the learning rate times the gradient's sign.
TEST(ReferenceEngine, FirstAdamStepHasTheSizeOfTheLearningRate) {
  const Config config = small_config();
  const auto engine = make_reference_engine(config);
  const StateDict state = random_state(config);
  engine->load(state);
  const std::vector<std::vector<int>> batch = {{4, 0, 1, 2, 4}};
  engine->loss_and_grad(batch);
  const std::vector<double> before = flatten(state), grads = engine->grads();
  engine->optimizer_step({Optimizer::kAdam, 0, 0.01, 0.85, 0.99, 1e-8});
  const std::vector<double> after = flatten(engine->state_dict());
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (std::abs(grads[i]) < 1e-4) continue;
    EXPECT_NEAR(before[i] - after[i], std::copysign(0.01, grads[i]), 2e-6);
  }
}

TEST(ReferenceEngine, LoadAndStateDictAreInverse) {
  const Config config = small_config();
  StateDict state = random_state(config);
  state.adam_m.assign(config.num_params(), 0.125);
  state.adam_v.assign(config.num_params(), 0.5);
  const auto engine = make_reference_engine(config);
  engine->load(state);
  EXPECT_EQ(engine->state_dict(), state);
}

// Token by token or all at once, the decoder's distribution is the one that training scores.
TEST(ReferenceEngine, DecoderAgreesWithTheLoss) {
  const Config config = small_config();
  const auto engine = make_reference_engine(config);
  engine->load(random_state(config));
  const std::vector<int> tokens = {4, 0, 1, 2, 3};
  std::vector<double> logits(5), at_once(5);
  double loss = 0;
  const auto decoder = engine->new_decoder();
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    decoder->forward({&tokens[i], 1}, logits);
    double total = 0;
    for (const double x : logits) total += std::exp(x);
    loss += std::log(total) - logits[static_cast<std::size_t>(tokens[i + 1])];
  }
  EXPECT_NEAR(engine->loss_and_grad({&tokens, 1}), loss / 4, 1e-14);
  engine->new_decoder()->forward({tokens.data(), 4}, at_once);
  EXPECT_EQ(at_once, logits);
}

TEST(ReferenceEngine, Errors) {
  const Config config = small_config();
  const auto engine = make_reference_engine(config);
  const auto loss_of = [&](const std::vector<std::vector<int>>& batch) {
    return message_of([&] { engine->loss_and_grad(batch); });
  };
  EXPECT_EQ(loss_of({}), "batch: no documents, expected at least one");
  EXPECT_EQ(loss_of({{4}}), "batch: document too short, expected 2 tokens or more, got 1");
  EXPECT_EQ(loss_of({{4, 5, 4}}), "token: out of range, expected 0 to 4, got 5");
  EXPECT_EQ(loss_of({{4, -1, 4}}), "token: out of range, expected 0 to 4, got -1");

  const std::vector<int> five = {4, 0, 0, 0, 0};
  std::vector<double> logits(5), wrong(4);
  const auto forward = [&](std::size_t n, std::vector<double>& out) {
    return message_of([&] { engine->new_decoder()->forward({five.data(), n}, out); });
  };
  EXPECT_EQ(forward(0, logits), "decoder: no tokens, expected at least one");
  EXPECT_EQ(forward(5, logits), "decoder: sequence too long, expected at most 4 positions, got 5");
  EXPECT_EQ(forward(1, wrong), "decoder: logits have the wrong size, expected 5, got 4");
}

// Said before anything is allocated: at once, and not by the system's out-of-memory killer.
TEST(ReferenceEngine, TooLargeForTheMachine) {
  Config config = small_config();
  config.n_embd = config.n_head = 1 << 18;
  std::string message = message_of([&] { make_reference_engine(config); });
  EXPECT_TRUE(message.starts_with(
      "engine reference: the parameters: too large for this machine, expected at most"))
      << message;

  config = small_config();
  config.block_size = 1 << 20;
  const auto engine = make_reference_engine(config);
  const std::vector<std::vector<int>> batch = {std::vector<int>(1 << 20, 1)};
  message = message_of([&] { engine->loss_and_grad(batch); });
  EXPECT_TRUE(message.starts_with("engine reference: the graph of a step: too large for this"))
      << message;
  const std::vector<std::vector<int>> short_batch = {{4, 0, 4}};
  EXPECT_EQ(message_of([&] { engine->loss_and_grad(short_batch); }), "no error");
}

}  // namespace
}  // namespace microgpt::reference
