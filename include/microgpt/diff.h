// Two trainings side by side, to the first number in which they differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/state_dict.h"
#include "microgpt/tokenizer.h"
#include "microgpt/trace.h"

namespace microgpt {

// The parts of a step, in the order in which they are computed.
enum class Stage { kTokens, kParameters, kForward, kLoss, kGradients, kUpdate };

// "tokens", "parameters", "forward", "loss", "gradients", "update"
std::string_view to_string(Stage stage);

// A number that two runs do not share.
struct NumberDifference {
  std::int64_t step = 0;  // counted from 1
  Stage stage = Stage::kTokens;
  // As in a trace: "wte[0][1]", "pos0.layer0.mlp_act[3]", "adam.wte.m[0][1]". Besides "tokens[2]",
  // "wte.rows", "grad(wte[0][1])" and "sgd.wte.update[0][1]". In a step of several sequences
  // "sequence3." stands before what was made of one of them, counted from 0.
  std::string path;
  std::optional<double> a = {}, b = {};  // nothing in a run that has no such number
  bool is_count = false;                 // a token or a size: nothing that is computed
  Origin origin = {};                    // where it is made; no file where that is not known
};

// How many doubles lie between the two, and one more; 0 for the same number or 0 and -0.
std::uint64_t ulps_apart(double a, double b);

// The first parameter or moment that differs, in the order of the parameters; moments only where
// both have them. A matrix of another shape differs in its rows or columns.
std::optional<NumberDifference> first_difference(const StateDict& a, const StateDict& b);

// A training that has not begun. Holds on to what it refers to.
struct Replay {
  std::string_view engine_name;
  Engine& engine;  // with the first parameters; trained by the replay
  const Config& config;
  const TrainConfig& train;
  const Dataset& dataset;  // shuffled
  const Tokenizer& tokenizer;
};

struct LossDifference {
  std::int64_t step = 0;  // counted from 1
  double a = 0, b = 0;
};

// Losses that differ by no more than this, relatively, are as near as rounding lets them be.
inline constexpr double kDoubleRounding = 1e-12;
inline constexpr double kFloatRounding = 1e-5;

// Whether two losses differ by no more than `rounding`.
bool is_rounding(const LossDifference& losses, double rounding);

struct RunDiff {
  std::int64_t steps = 0;                          // that were taken
  std::optional<NumberDifference> first;           // nothing: the same in every bit
  std::optional<LossDifference> first_loss;        // in any bit
  std::optional<LossDifference> first_clear_loss;  // by more than `rounding`
  double rounding = kDoubleRounding;  // kFloatRounding if an engine computes in float32
};

// Trains both, step by step, until their losses differ clearly, one is not finite, or num_steps are
// done. Compares every token, parameter, loss and moment of each step, and at the first step that
// is not the same all its numbers, in the order of the computation. What an engine in float32 makes
// between tokens and loss can't be seen.
// Throws Error: see train and trace.
RunDiff diff_runs(const Replay& a, const Replay& b, std::int64_t num_steps);

}  // namespace microgpt
