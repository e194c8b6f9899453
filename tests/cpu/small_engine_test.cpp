#include "cpu/small_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cpu/small_test.h"
#include "reference/reference_engine.h"
#include "support/message_of.h"
#include "support/sanitized.h"

namespace microgpt::cpu {
namespace {

// Expects each tensor's values to agree within `tolerance` times the largest of that tensor.
void expect_near_per_tensor(const Config& config, const std::vector<double>& ours,
                            const std::vector<double>& reference, double tolerance) {
  ASSERT_EQ(ours.size(), reference.size());
  std::size_t begin = 0;
  for (const Tensor& tensor : parameter_table(config)) {
    const std::size_t end = begin + tensor.rows * tensor.cols;
    double largest = 0, error = 0;
    for (std::size_t i = begin; i < end; ++i) {
      largest = std::max(largest, std::abs(reference[i]));
      error = std::max(error, std::abs(ours[i] - reference[i]));
    }
    EXPECT_LE(error, tolerance * largest) << tensor.name;
    begin = end;
  }
}

void expect_reference_grads(const Config& config, const std::vector<std::vector<int>>& batch) {
  const auto reference = reference::make_reference_engine(config);
  reference->load(random_state(config));
  const double loss = reference->loss_and_grad(batch);
  const std::vector<double> grads = reference->grads();
  for_each_isa([&] {
    const auto engine = make_loaded(config);
    EXPECT_NEAR(engine->loss_and_grad(batch), loss, 1e-6 * loss);
    expect_near_per_tensor(config, engine->grads(), grads, 1e-5);
  });
}

TEST(SmallEngine, GradientsOfEveryLength) {
  const Config config = make_config(1, 16, 4, 16, 27);
  for (std::size_t length = 1; length <= 18; ++length) {  // beyond block_size it is cut
    SCOPED_TRACE(length);
    expect_reference_grads(config, {random_document(config, length, 1)});
  }
}

TEST(SmallEngine, GradientsOfEveryShape) {
  for (const Config& shape : kShapes) {
    for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
      if (kSanitized && activation == Activation::kRelu) continue;
      Config config = shape;
      config.activation = activation;
      ASSERT_TRUE(small_engine_fits(config));
      SCOPED_TRACE(testing::Message() << config.n_layer << " " << config.n_embd << " "
                                      << config.n_head << " " << to_string(activation));
      const auto longest = static_cast<std::size_t>(config.block_size);
      expect_reference_grads(config, {random_document(config, longest, 1),
                                      random_document(config, 1 + longest / 2, 2)});
    }
  }
}

std::vector<std::vector<int>> random_batch(const Config& config, std::size_t documents) {
  std::vector<std::vector<int>> batch;
  for (std::size_t i = 0; i < documents; ++i) {
    batch.push_back(random_document(config, 1 + i * 7 % 16, static_cast<unsigned>(i)));
  }
  return batch;
}

TEST(SmallEngine, GradientsOfBatches) {
  const Config config = make_config(1, 16, 4, 16, 27);
  for (const std::size_t documents : {2u, 3u, 8u, 9u, 16u, 30u}) {
    SCOPED_TRACE(documents);
    expect_reference_grads(config, random_batch(config, documents));
  }
}

TEST(SmallEngine, PartsOfABatchAddUpToTheWhole) {
  const Config config = make_config(1, 16, 4, 16, 27);
  const auto batch = random_batch(config, 12);
  std::size_t num_tokens = 0;
  for (const auto& tokens : batch) num_tokens += tokens.size() - 1;
  const auto whole = make_loaded(config), parts = make_loaded(config);
  const double loss = whole->loss_and_grad(batch);
  const Batch all(batch);
  const double sum = parts->loss_and_grad(all.first(5), num_tokens) +
                     parts->loss_and_grad(all.subspan(5), num_tokens);
  EXPECT_NEAR(sum, loss, 1e-6);
  expect_near_per_tensor(config, parts->grads(), whole->grads(), 1e-6);
}

TEST(SmallEngine, BitsDoNotDependOnThreads) {
  const Config config = make_config(1, 16, 4, 16, 27);
  for (const std::size_t documents : {1u, 9u, 64u, 600u}) {
    const auto batch = random_batch(config, documents);
    std::vector<StateDict> states;
    std::vector<double> losses;
    for (const int threads : {1, 2, 3, 7, 2}) {
      const auto engine = make_loaded(config, threads);
      double loss = 0;
      for (int step = 0; step < 3; ++step) {
        loss += engine->train_step(
            batch,
            {.step = step, .learning_rate = 0.01, .beta1 = 0.85, .beta2 = 0.99, .eps_adam = 1e-8});
      }
      losses.push_back(loss);
      states.push_back(engine->state_dict());
    }
    for (std::size_t i = 1; i < states.size(); ++i) {
      EXPECT_EQ(losses[i], losses[0]);
      EXPECT_TRUE(states[i] == states[0]) << documents << " documents, run " << i;
    }
  }
}

// A run on documents of every length: the losses are reference's up to the drift of float32, and
// so are the parameters and the moments of a state that is saved and loaded half way.
void expect_reference_training(const Config& config, const OptimizerStep& constants, int steps,
                               std::size_t documents, double tolerance) {
  std::vector<std::vector<int>> data;
  for (unsigned i = 0; i < 50; ++i) data.push_back(random_document(config, 1 + i * 7 % 16, i));
  const auto reference = reference::make_reference_engine(config);
  reference->load(random_state(config));
  std::vector<double> losses;
  OptimizerStep step = constants;
  const auto batch = [&](int at) {
    return Batch(data).subspan(static_cast<std::size_t>(at) * documents % 40, documents);
  };
  for (int i = 0; i < steps; ++i) {
    step.step = i;
    losses.push_back(reference->train_step(batch(i), step));
  }
  const std::vector<double> params = flatten(reference->state_dict());
  for_each_isa([&] {
    auto engine = make_loaded(config);
    for (int i = 0; i < steps; ++i) {
      if (i == steps / 2) {
        const StateDict state = engine->state_dict();
        engine = make_small_engine(config, {});
        engine->load(state);
      }
      step.step = i;
      ASSERT_NEAR(engine->train_step(batch(i), step), losses[static_cast<std::size_t>(i)],
                  tolerance)
          << i;
    }
    expect_near_per_tensor(config, flatten(engine->state_dict()), params, tolerance);
  });
}

constexpr OptimizerStep kAdamStep{
    .learning_rate = 0.005, .beta1 = 0.85, .beta2 = 0.99, .eps_adam = 1e-8};

TEST(SmallEngine, AdamFollowsReference) {
  expect_reference_training(make_config(1, 16, 4, 16, 27), kAdamStep, 60, 1, 2e-4);
}

TEST(SmallEngine, AdamOfBatchesFollowsReference) {
  expect_reference_training(make_config(2, 8, 2, 16, 27, Activation::kReluSquared), kAdamStep, 20,
                            10, 2e-4);
}

TEST(SmallEngine, SgdFollowsReference) {
  OptimizerStep step = kAdamStep;
  step.optimizer = Optimizer::kSgd;
  step.learning_rate = 0.05;
  expect_reference_training(make_config(1, 16, 4, 16, 27), step, 30, 2, 1e-5);
}

// The first step is known: a bias correction that is off by one changes it by half.
TEST(SmallEngine, FirstAdamStepsMoveByTheLearningRate) {
  const Config config = make_config(1, 16, 4, 16, 27);
  for_each_isa([&] {
    const auto engine = make_loaded(config);
    const std::vector<double> before = flatten(engine->state_dict());
    const std::vector<std::vector<int>> batch = {random_document(config, 9, 1)};
    engine->loss_and_grad(batch);
    const std::vector<double> grads = engine->grads();
    engine->optimizer_step(kAdamStep);
    const std::vector<double> after = flatten(engine->state_dict());
    for (std::size_t i = 0; i < before.size(); ++i) {
      // m_hat is the gradient and v_hat its square.
      const double expected =
          kAdamStep.learning_rate * grads[i] / (std::abs(grads[i]) + kAdamStep.eps_adam);
      ASSERT_NEAR(before[i] - after[i], expected, 1e-4 * kAdamStep.learning_rate) << i;
    }
  });
}

TEST(SmallEngine, AnEpsilonThatFloatsLackLeavesUnusedParametersAlone) {
  const Config config = make_config(1, 5, 1, 16, 27);  // padded, and most positions unused
  OptimizerStep step = kAdamStep;
  step.eps_adam = 1e-300;
  for_each_isa([&] {
    const auto engine = make_loaded(config);
    const std::vector<std::vector<int>> batch = {random_document(config, 3, 1)};
    for (step.step = 0; step.step < 3; ++step.step) {
      EXPECT_TRUE(std::isfinite(engine->train_step(batch, step)));
    }
    for (const double x : flatten(engine->state_dict())) ASSERT_TRUE(std::isfinite(x));
  });
}

TEST(SmallEngine, AWeightThatIsNotANumberShows) {
  const Config config = make_config(1, 16, 4, 16, 27);
  StateDict state = random_state(config);
  for (std::size_t i = 0; i < 5; ++i)
    state.params[7].data[i] = 3e38;  // mlp_fc1: their sums are infinite
  const std::vector<std::vector<int>> batch = {random_document(config, 9, 1)};
  for_each_isa([&] {
    const auto engine = make_small_engine(config, {});
    engine->load(state);
    EXPECT_FALSE(std::isfinite(engine->loss_and_grad(batch)));
  });
}

TEST(SmallEngine, ANumberBeyondFloat32IsRefused) {
  const Config config = make_config(1, 16, 4, 16, 27);
  StateDict state = random_state(config);
  state.params[7].data[3] = -1e39;
  const auto engine = make_loaded(config);
  const StateDict before = engine->state_dict();
  EXPECT_EQ(message_of([&] { engine->load(state); }),
            "engine cpu: layer0.mlp_fc1 is too large for float32, expected at most 3.4e+38, got "
            "-1e+39; --engine exact takes it");
  EXPECT_EQ(engine->state_dict(), before);
}

TEST(SmallEngine, StateIsKept) {
  const Config config = make_config(2, 12, 3, 10, 27);
  StateDict state = random_state(config);
  for (Tensor& tensor : state.params) {
    for (double& x : tensor.data) x = static_cast<double>(static_cast<float>(x));
  }
  const auto engine = make_small_engine(config, {});
  engine->load(state);
  EXPECT_TRUE(engine->state_dict() == state);
  state.adam_m.resize(config.num_params());
  state.adam_v.resize(config.num_params());
  for (std::size_t i = 0; i < state.adam_m.size(); ++i) {
    state.adam_m[i] = static_cast<double>(i) / 64;
    state.adam_v[i] = static_cast<double>(i) / 32;
  }
  engine->load(state);
  EXPECT_TRUE(engine->state_dict() == state);
}

TEST(SmallEngine, ALossThatIsNotFiniteUpdatesNothing) {
  const Config config = make_config(1, 16, 4, 16, 27);
  StateDict state = random_state(config);
  for (double& x : state.params[4].data) x = 3e38;  // attn_wk: keys are infinite
  const auto engine = make_small_engine(config, {});
  engine->load(state);
  const std::vector<double> before = flatten(engine->state_dict());
  const std::vector<std::vector<int>> longest = {random_document(config, 16, 1)};
  EXPECT_FALSE(std::isfinite(engine->train_step(longest, kAdamStep)));
  EXPECT_EQ(flatten(engine->state_dict()), before);
  EXPECT_TRUE(engine->state_dict().adam_m.empty());
  // Nothing of it is left for the documents that come after, all shorter.
  const auto fresh = make_loaded(config);
  engine->load(random_state(config));
  for (unsigned length = 1; length < 16; ++length) {
    const std::vector<std::vector<int>> batch = {random_document(config, length, length)};
    EXPECT_EQ(engine->train_step(batch, kAdamStep), fresh->train_step(batch, kAdamStep));
  }
  EXPECT_TRUE(engine->state_dict() == fresh->state_dict());
}

TEST(SmallEngine, SaysWhatIsWrong) {
  const Config config = make_config(1, 16, 4, 16, 27);
  const auto engine = make_loaded(config);
  const auto error_of = [&](std::vector<std::vector<int>> batch) {
    return message_of([&] { engine->loss_and_grad(batch); });
  };
  EXPECT_EQ(error_of({}), "batch: no documents, expected at least one");
  EXPECT_EQ(error_of({{1, 2}, {3}}), "batch: document too short, expected 2 tokens or more, got 1");
  EXPECT_EQ(error_of({{1, 27}}), "token: out of range, expected 0 to 26, got 27");
  EXPECT_EQ(error_of({{1, -1}}), "token: out of range, expected 0 to 26, got -1");
}

}  // namespace
}  // namespace microgpt::cpu
