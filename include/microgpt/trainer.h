// The training loop, one for every engine.
#pragma once

#include <cstdint>
#include <functional>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/error.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// One finished step.
struct StepReport {
  std::int64_t step = 0;  // steps done so far in the whole run, this one included
  double loss = 0;        // nats a token, before the update
  double learning_rate = 0;
  std::int64_t tokens = 0;  // predicted in this step
};

// A loss was not finite. The parameters that led to it are of no use.
class DivergedError : public Error {
 public:
  using Error::Error;
};

// The update of a step that is counted from 0.
OptimizerStep optimizer_step_at(const TrainConfig& config, std::int64_t step);

// Throws Error: a step takes more documents than there are, or the text is shorter than a window.
void check_enough_data(const Dataset& dataset, const Tokenizer& tokenizer, const Config& model,
                       const TrainConfig& config);

// Called after each step; false ends the run early.
using AfterStep = std::function<bool(const StepReport&)>;

// Runs steps first_step .. train.num_steps - 1 of microgpt.py's loop: the next documents of the
// dataset, over and over, or windows of its text; loss, gradients, update. The loss is the mean
// over all tokens that a step predicts. The dataset is expected shuffled, the engine loaded; model
// is the engine's. Returns the number of steps that the run has done in all, those before
// first_step included. Throws Error: the configuration is bad, or see check_enough_data.
// Throws DivergedError: a loss is not finite; the
// step that gave it is not taken.
std::int64_t train(Engine& engine, const Config& model, const TrainConfig& config,
                   const Dataset& dataset, const Tokenizer& tokenizer, std::int64_t first_step,
                   const AfterStep& after_step);

}  // namespace microgpt
