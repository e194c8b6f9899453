#include "microgpt/config.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

// Far above anything that fits a machine, low enough that sizes multiply without overflow where a
// size has 64 bits; check() sees to 32.
constexpr int kMaxSize = 1 << 20;
constexpr int kMaxLayers = 10'000;
constexpr int kMaxVocab = 0x110000 + 1;  // all of Unicode, and BOS
constexpr int kMaxBatch = 1 << 20;
constexpr std::int64_t kMaxSteps = std::int64_t{1} << 53;  // a double holds every step exactly

template <class Enum>
using Names = std::span<const std::pair<Enum, std::string_view>>;

constexpr std::array kEditions = {std::pair{Edition::kFinal, std::string_view("final")},
                                  std::pair{Edition::kFirst, std::string_view("first")}};
constexpr std::array kActivations = {
    std::pair{Activation::kRelu, std::string_view("relu")},
    std::pair{Activation::kReluSquared, std::string_view("relu2")}};
constexpr std::array kOptimizers = {std::pair{Optimizer::kAdam, std::string_view("adam")},
                                    std::pair{Optimizer::kSgd, std::string_view("sgd")}};
constexpr std::array kSchedules = {std::pair{Schedule::kLinear, std::string_view("linear")},
                                   std::pair{Schedule::kConstant, std::string_view("constant")}};

template <class Enum>
std::string_view name_of(Names<Enum> names, Enum value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "?";
}

template <class Enum>
Enum value_of(Names<Enum> names, std::string_view what, std::string_view name) {
  std::string known;
  for (const auto& [value, candidate] : names) {
    if (candidate == name) return value;
    known += fmt::format("{}{}", known.empty() ? "" : " or ", candidate);
  }
  throw Error(fmt::format("{}: no such name, expected {}, got '{}'", what, known, name));
}

void check_int(std::string_view name, std::int64_t value, std::int64_t min, std::int64_t max) {
  if (value < min || value > max) {
    throw Error(fmt::format("{}: out of range, expected {} to {}, got {}", name, min, max, value));
  }
}

void check_double(std::string_view name, double value, bool good, std::string_view expected) {
  if (!std::isfinite(value) || !good) {
    throw Error(fmt::format("{}: out of range, expected {}, got {}", name, expected, value));
  }
}

}  // namespace

std::string_view to_string(Edition edition) { return name_of<Edition>(kEditions, edition); }
std::string_view to_string(Activation activation) {
  return name_of<Activation>(kActivations, activation);
}
std::string_view to_string(Optimizer optimizer) {
  return name_of<Optimizer>(kOptimizers, optimizer);
}
std::string_view to_string(Schedule schedule) { return name_of<Schedule>(kSchedules, schedule); }

Edition parse_edition(std::string_view name) {
  return value_of<Edition>(kEditions, "edition", name);
}
Activation parse_activation(std::string_view name) {
  return value_of<Activation>(kActivations, "activation", name);
}
Optimizer parse_optimizer(std::string_view name) {
  return value_of<Optimizer>(kOptimizers, "optimizer", name);
}
Schedule parse_schedule(std::string_view name) {
  return value_of<Schedule>(kSchedules, "schedule", name);
}

std::string missing_parts(const Parts& parts) {
  std::string missing;
  for (const auto& [name, part] : kPartNames) {
    if (!(parts.*part)) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name);
  }
  return missing;
}

std::size_t Config::num_params() const {
  const auto C = static_cast<std::size_t>(n_embd);
  const auto tables =
      2 * static_cast<std::size_t>(vocab_size) + static_cast<std::size_t>(block_size);
  return tables * C + static_cast<std::size_t>(n_layer) * 12 * C * C;
}

void Config::check() const {
  check_int("n_layer", n_layer, 1, kMaxLayers);
  check_int("n_embd", n_embd, 1, kMaxSize);
  check_int("block_size", block_size, 1, kMaxSize);
  check_int("n_head", n_head, 1, kMaxSize);
  check_int("vocab_size", vocab_size, 2, kMaxVocab);
  if (n_embd % n_head != 0) {
    throw Error(fmt::format("n_head: does not divide n_embd, expected a divisor of {}, got {}",
                            n_embd, n_head));
  }
  const double width = n_embd, rows = 2.0 * vocab_size + block_size + 12.0 * n_layer * width;
  const double bytes = rows * width * sizeof(double);
  if (bytes > static_cast<double>(std::numeric_limits<std::size_t>::max())) {
    throw Error(fmt::format(
        "n_embd: makes {} bytes of parameters, expected what this machine can address", bytes));
  }
}

void Config::check_whole(const std::string& who) const {
  if (parts == Parts()) return;
  throw Error(
      fmt::format("{}: expected a whole model, got one without {}; only the engines exact "
                  "and reference compute such a model",
                  who, missing_parts(parts)));
}

void TrainConfig::check() const {
  check_int("num_steps", num_steps, 0, kMaxSteps);
  check_double("learning_rate", learning_rate, learning_rate >= 0, "a number from 0 on");
  check_double("beta1", beta1, beta1 >= 0 && beta1 < 1, "a number from 0 to below 1");
  check_double("beta2", beta2, beta2 >= 0 && beta2 < 1, "a number from 0 to below 1");
  check_double("eps_adam", eps_adam, eps_adam > 0, "a number above 0");
  // A Gaussian is at most 8.6 deviations from its mean: 53 bits make none farther out.
  check_double("init_std", init_std, init_std >= 0 && init_std <= 1e300, "0 to 1e300");
  check_int("batch_size", batch_size, 1, kMaxBatch);
  check_int("grad_accum", grad_accum, 1, kMaxBatch);
}

Config default_config(Edition edition) {
  Config config;
  if (edition == Edition::kFirst) {
    config.block_size = 8;
    config.activation = Activation::kReluSquared;
  }
  return config;
}

TrainConfig default_train_config(Edition edition) {
  TrainConfig train;
  train.edition = edition;
  if (edition == Edition::kFirst) {
    train.beta1 = 0.9;
    train.beta2 = 0.95;
    train.init_std = 0.02;
  }
  return train;
}

double learning_rate_at(const TrainConfig& train, std::int64_t step) {
  if (train.schedule == Schedule::kConstant) return train.learning_rate;
  return train.learning_rate *
         (1.0 - static_cast<double>(step) / static_cast<double>(train.num_steps));
}

}  // namespace microgpt
