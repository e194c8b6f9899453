#include "train/step.h"

#include <cmath>

namespace microgpt {

double loss_and_grad(Engine& engine, Batch batch, const TrainConfig& config,
                     std::size_t num_tokens) {
  const auto part = static_cast<std::size_t>(config.batch_size);
  double loss = 0;
  for (std::size_t begin = 0; begin < batch.size(); begin += part) {
    loss += engine.loss_and_grad(batch.subspan(begin, part), num_tokens);
  }
  return loss;
}

double take_step(Engine& engine, Batch batch, const TrainConfig& config, std::size_t num_tokens,
                 const OptimizerStep& update) {
  if (config.grad_accum == 1) return engine.train_step(batch, update);
  const double loss = loss_and_grad(engine, batch, config, num_tokens);
  if (std::isfinite(loss)) engine.optimizer_step(update);
  return loss;
}

}  // namespace microgpt
