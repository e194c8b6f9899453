// The seam between a model and the code that computes it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/state_dict.h"

namespace microgpt {

// Token sequences to learn from, one a document: BOS, ids, BOS. Each holds at least two tokens.
// Of a longer one only the first block_size predictions count, as in microgpt.py.
using Batch = std::span<const std::vector<int>>;

// One update of all parameters.
struct OptimizerStep {
  Optimizer optimizer = Optimizer::kAdam;
  std::int64_t step = 0;  // counted from 0; Adam corrects its bias with step + 1
  double learning_rate = 0;
  double beta1 = 0;
  double beta2 = 0;
  double eps_adam = 0;
  // Adam's square of a gradient: the final edition's grad ** 2 is libm's pow. The first edition has
  // no defined last bits; grad * grad reproduces the figures that are published for it.
  Edition edition = Edition::kFinal;
};

// One sequence being read or written: owns a KV cache. Holds on to the weights of its engine as
// they are: use it while the engine lives, and make a new one after the engine has changed.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Feeds tokens at the next positions and overwrites logits (vocab_size) with those of the last.
  // Throws Error: no tokens, a token out of range, logits of another size, or more than block_size
  // positions in all.
  virtual void forward(std::span<const int> tokens, std::span<double> logits) = 0;
};

// Computes one model. Engines differ in speed and in type, not in meaning: a test holds them to the
// same numbers.
class Engine {
 public:
  virtual ~Engine() = default;

  // Replaces parameters and moments, and zeroes the gradients.
  // Throws Error: see check_state_dict.
  virtual void load(const StateDict& state) = 0;

  virtual StateDict state_dict() const = 0;

  // Adds the gradients of the mean loss to those held, and returns that loss: nats a token,
  // averaged over all predicted tokens of the batch.
  // Throws Error: the batch or a document is empty, or a token is out of range.
  virtual double loss_and_grad(Batch batch) = 0;

  // The gradients held, in the order of the parameters.
  virtual std::vector<double> grads() const = 0;

  // Updates the parameters, then zeroes the gradients.
  virtual void optimizer_step(const OptimizerStep& step) = 0;

  virtual std::unique_ptr<Decoder> new_decoder() const = 0;
};

// Names of the engines that this build has, the default first.
std::span<const std::string_view> engine_names();

// An engine with all parameters zero. Throws Error: no such engine, config.check() fails, or the
// machine has too little memory for it; the estimate is made before anything is allocated.
std::unique_ptr<Engine> make_engine(std::string_view name, const Config& config);

}  // namespace microgpt
