#include "microgpt/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace microgpt {
namespace {

OptimizerStep optimizer_step_at(const TrainConfig& config, std::int64_t step) {
  return {.optimizer = config.optimizer,
          .step = step,
          .learning_rate = learning_rate_at(config, step),
          .beta1 = config.beta1,
          .beta2 = config.beta2,
          .eps_adam = config.eps_adam,
          .edition = config.edition};
}

void check_finite(double loss, std::int64_t step) {
  if (std::isfinite(loss)) return;
  throw DivergedError(fmt::format(
      "step {}: training has diverged, expected a finite loss, got {}; lower the learning rate",
      step + 1, std::abs(loss)));
}

}  // namespace

std::int64_t train(Engine& engine, const Config& model, const TrainConfig& config,
                   const Dataset& dataset, const Tokenizer& tokenizer, std::int64_t first_step,
                   const AfterStep& after_step) {
  config.check();
  for (std::int64_t step = first_step; step < config.num_steps; ++step) {
    const auto doc = dataset[static_cast<std::size_t>(step) % dataset.size()];
    const std::vector<int> tokens = tokenizer.encode_document(doc);
    const OptimizerStep update = optimizer_step_at(config, step);
    const double loss = engine.train_step({&tokens, 1}, update);
    check_finite(loss, step);
    const auto predicted = std::min<std::int64_t>(model.block_size, std::ssize(tokens) - 1);
    if (!after_step({step + 1, loss, update.learning_rate, predicted})) return step + 1;
  }
  return std::max(first_step, config.num_steps);
}

}  // namespace microgpt
