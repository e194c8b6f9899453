// What a model is and how it is trained, under microgpt.py's own names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace microgpt {

enum class Edition { kFinal, kFirst };          // of microgpt.py
enum class Activation { kRelu, kReluSquared };  // of the MLP block
enum class Optimizer { kAdam, kSgd };
enum class Schedule { kLinear, kConstant };  // of the learning rate

// Names as they stand on the command line and in files.
std::string_view to_string(Edition edition);        // "final", "first"
std::string_view to_string(Activation activation);  // "relu", "relu2"
std::string_view to_string(Optimizer optimizer);    // "adam", "sgd"
std::string_view to_string(Schedule schedule);      // "linear", "constant"

// The inverse of to_string. Throws Error: no such name; the message lists those there are.
Edition parse_edition(std::string_view name);
Activation parse_activation(std::string_view name);
Optimizer parse_optimizer(std::string_view name);
Schedule parse_schedule(std::string_view name);

// Parts of a model that can be left out, to see what they buy.
struct Parts {
  bool rmsnorm = true;   // else x stays as it is
  bool wpe = true;       // else zeros take the place of its rows, and it is not learned
  bool residual = true;  // else a block's output takes the place of x and is not added to it

  bool operator==(const Parts&) const = default;
};

// Their names, as they stand in files.
struct PartName {
  std::string_view name;
  bool Parts::*part;
};
inline constexpr PartName kPartNames[] = {
    {"rmsnorm", &Parts::rmsnorm}, {"wpe", &Parts::wpe}, {"residual", &Parts::residual}};

// Names of those left out: "rmsnorm, residual"; empty for a whole model.
std::string missing_parts(const Parts& parts);

// The shape of a model: all that inference needs to know beside the weights.
struct Config {
  int n_layer = 1;
  int n_embd = 16;
  int block_size = 16;  // the longest sequence, in positions
  int n_head = 4;
  int vocab_size = 0;  // BOS included
  Activation activation = Activation::kRelu;
  Parts parts = {};

  int head_dim() const { return n_embd / n_head; }
  std::size_t num_params() const;

  // Throws Error: a size is not in its range, or n_head does not divide n_embd.
  void check() const;

  // For what knows whole models only. Throws Error starting with who: a part is left out.
  void check_whole(const std::string& who) const;

  bool operator==(const Config&) const = default;
};

// How a model is trained: the script's constants.
struct TrainConfig {
  Edition edition = Edition::kFinal;
  std::uint64_t seed = 42;
  std::int64_t num_steps = 1000;
  double learning_rate = 0.01;
  double beta1 = 0.85;
  double beta2 = 0.99;
  double eps_adam = 1e-8;
  double init_std = 0.08;
  Optimizer optimizer = Optimizer::kAdam;
  Schedule schedule = Schedule::kLinear;
  int batch_size = 1;  // sequences in one pass forward and backward
  int grad_accum = 1;  // such passes to one update, whose gradients are added

  // What one update learns from.
  std::int64_t sequences_per_step() const { return std::int64_t{batch_size} * grad_accum; }

  // Throws Error: a value is not finite or not in its range.
  void check() const;

  bool operator==(const TrainConfig&) const = default;
};

// The constants of an edition: Config without its vocabulary, and TrainConfig.
Config default_config(Edition edition);
TrainConfig default_train_config(Edition edition);

// lr_t of a step that is counted from 0, as microgpt.py computes it.
double learning_rate_at(const TrainConfig& train, std::int64_t step);

}  // namespace microgpt
