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

  // Forgets the tokens from a position on: the next one is fed there, 0 for a new sequence. So that
  // the ways in which a sequence can go on are tried without feeding its beginning again.
  // Throws Error: fewer tokens were fed.
  virtual void rewind(std::size_t position) = 0;
};

// Several sequences being written at once, each in a lane with a KV cache of its own. Holds on to
// its engine's weights as a Decoder does.
class Lanes {
 public:
  virtual ~Lanes() = default;

  // Begins a new sequence in a lane: its next token is at position 0.
  virtual void restart(std::size_t lane) = 0;

  // Feeds each lane a token at its next position, and draws the token that follows it from
  // p = softmax(logits / temperature): the first one at which the running sum of p exceeds
  // u times the whole sum, as random.choices does with u = random(). One value a lane each.
  // Throws Error: a token is out of range, or a lane is full (block_size positions).
  virtual void draw(std::span<const int> tokens, std::span<const double> u,
                    std::span<int> next) = 0;
};

// Computes one model. An engine, with its decoders and lanes, is to be used by one thread at a
// time. Engines differ in speed and in type, not in meaning: a test holds them to the same numbers.
class Engine {
 public:
  virtual ~Engine() = default;

  // Replaces parameters and moments, and zeroes the gradients.
  // Throws Error: see check_state_dict.
  virtual void load(const StateDict& state) = 0;

  virtual StateDict state_dict() const = 0;

  // Adds the gradients of the loss to those held, and returns the loss: the sum over all predicted
  // tokens of the batch, in nats, divided by num_tokens. That is their number; if a step's batch is
  // computed in parts, each part gives the number of the whole. 0 means: of this batch.
  // Throws Error: the batch or a document is empty, or a token is out of range.
  virtual double loss_and_grad(Batch batch, std::size_t num_tokens = 0) = 0;

  // The gradients held, in the order of the parameters.
  virtual std::vector<double> grads() const = 0;

  // Updates the parameters, then zeroes the gradients.
  virtual void optimizer_step(const OptimizerStep& step) = 0;

  // loss_and_grad and, if the loss is finite, optimizer_step. No gradients may be held. An engine
  // can do both in one pass, so that gradients need never be stored. If the loss is not finite,
  // parameters and moments stay as they were and the gradients are of no use: load() comes next.
  virtual double train_step(Batch batch, const OptimizerStep& step);

  virtual std::unique_ptr<Decoder> new_decoder() const = 0;

  // Lanes that draw at this temperature (above 0), or nothing if the engine has no faster way to
  // write several sequences than one Decoder for each.
  virtual std::unique_ptr<Lanes> new_lanes(std::size_t count, double temperature) const;
};

// Names of the engines that this build has.
std::span<const std::string_view> engine_names();

// The engine to take where nobody asks for one: `exact` for a small model that learns from one
// sequence at a time and for one without some of its parts, `cpu` for all others.
inline constexpr std::size_t kSmallModel = 100'000;  // parameters
std::string_view default_engine(const Config& config, std::int64_t sequences_per_step = 1);

// How an engine may use the machine. Results do not depend on it.
struct EngineOptions {
  int threads = 1;  // 1 to kMaxThreads; `reference` and `exact` use one
};

inline constexpr int kMaxThreads = 1024;

// An engine with all parameters zero. Throws Error: no such engine, config.check() fails, threads
// are out of range or can't be started, or the machine has too little memory for it; the estimate
// is made before anything is allocated.
std::unique_ptr<Engine> make_engine(std::string_view name, const Config& config,
                                    const EngineOptions& options = {});

}  // namespace microgpt
