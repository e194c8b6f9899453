// One step of a training.
#pragma once

#include <cstddef>

#include "microgpt/config.h"
#include "microgpt/engine.h"

namespace microgpt {

// The loss of a batch of num_tokens predicted tokens, in parts of batch_size sequences whose
// gradients are added.
double loss_and_grad(Engine& engine, Batch batch, const TrainConfig& config,
                     std::size_t num_tokens);

// The same and, if the loss is finite, the update.
double take_step(Engine& engine, Batch batch, const TrainConfig& config, std::size_t num_tokens,
                 const OptimizerStep& update);

}  // namespace microgpt
