#include "microgpt/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "train/batcher.h"
#include "train/step.h"

namespace microgpt {
namespace {

void check_finite(double loss, std::int64_t step) {
  if (std::isfinite(loss)) return;
  throw DivergedError(fmt::format(
      "step {}: training has diverged, expected a finite loss, got {}; lower the learning rate",
      step + 1, std::abs(loss)));
}

}  // namespace

OptimizerStep optimizer_step_at(const TrainConfig& config, std::int64_t step) {
  return {.optimizer = config.optimizer,
          .step = step,
          .learning_rate = learning_rate_at(config, step),
          .beta1 = config.beta1,
          .beta2 = config.beta2,
          .eps_adam = config.eps_adam,
          .edition = config.edition};
}

std::int64_t train(Engine& engine, const Config& model, const TrainConfig& config,
                   const Dataset& dataset, const Tokenizer& tokenizer, std::int64_t first_step,
                   const AfterStep& after_step) {
  config.check();
  Batcher batcher(dataset, tokenizer, model, config);
  for (std::int64_t step = first_step; step < config.num_steps; ++step) {
    const Batch batch = batcher.batch(step);
    const std::size_t tokens = batcher.num_tokens(batch);
    const OptimizerStep update = optimizer_step_at(config, step);
    const double loss = take_step(engine, batch, config, tokens, update);
    check_finite(loss, step);
    const StepReport report = {step + 1, loss, update.learning_rate,
                               static_cast<std::int64_t>(tokens)};
    if (!after_step(report)) return step + 1;
  }
  return std::max(first_step, config.num_steps);
}

}  // namespace microgpt
