#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/similar.h"
#include "microgpt/ablate.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

struct Change {
  std::string_view name;
  void (*make)(Config& config, TrainConfig& train);
};

constexpr Change kChanges[] = {
    {"unchanged", [](Config&, TrainConfig&) {}},
    {"no-rmsnorm", [](Config& config, TrainConfig&) { config.parts.rmsnorm = false; }},
    {"no-wpe", [](Config& config, TrainConfig&) { config.parts.wpe = false; }},
    {"no-residual", [](Config& config, TrainConfig&) { config.parts.residual = false; }},
    {"one-head", [](Config& config, TrainConfig&) { config.n_head = 1; }},
    {"relu2", [](Config& config, TrainConfig&) { config.activation = Activation::kReluSquared; }},
    {"sgd",
     [](Config&, TrainConfig& train) {
       if (train.optimizer == Optimizer::kSgd) return;
       train.optimizer = Optimizer::kSgd;
       train.learning_rate = kSgdLearningRate;
     }},
    {"constant-lr", [](Config&, TrainConfig& train) { train.schedule = Schedule::kConstant; }},
    {"small-init", [](Config&, TrainConfig& train) { train.init_std /= 4; }},
    {"double-depth", [](Config& config, TrainConfig&) { config.n_layer *= 2; }},
    {"half-width", [](Config& config, TrainConfig&) { config.n_embd /= 2; }},
    {"double-width", [](Config& config, TrainConfig&) { config.n_embd *= 2; }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kChanges)> names;
  std::ranges::transform(kChanges, names.begin(), &Change::name);
  return names;
}();

const Change& find_change(std::string_view name) {
  const auto found = std::ranges::find(kChanges, name, &Change::name);
  if (found != std::end(kChanges)) return *found;
  const std::vector<std::string> names(kNames.begin(), kNames.end());
  throw Error(fmt::format("variant: nothing is called '{}'; similar: {}", name,
                          fmt::join(similar_names(name, names), ", ")));
}

// "optimizer adam -> sgd, learning_rate 0.01 -> 0.3"; empty if nothing has changed.
std::string describe_change(const Config& from, const TrainConfig& train_from, const Config& to,
                            const TrainConfig& train_to) {
  std::string text;
  const auto compare = [&](std::string_view name, const auto& before, const auto& after) {
    if (before == after) return;
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", name, before, after);
  };
  for (const auto& [name, part] : kPartNames) {
    compare(name, std::string_view(from.parts.*part ? "on" : "off"),
            std::string_view(to.parts.*part ? "on" : "off"));
  }
  compare("n_layer", from.n_layer, to.n_layer);
  compare("n_embd", from.n_embd, to.n_embd);
  compare("n_head", from.n_head, to.n_head);
  compare("activation", to_string(from.activation), to_string(to.activation));
  compare("init_std", train_from.init_std, train_to.init_std);
  compare("optimizer", to_string(train_from.optimizer), to_string(train_to.optimizer));
  compare("learning_rate", train_from.learning_rate, train_to.learning_rate);
  compare("schedule", to_string(train_from.schedule), to_string(train_to.schedule));
  return text;
}

}  // namespace

std::span<const std::string_view> variant_names() { return kNames; }

Variant make_variant(std::string_view name, const Config& config, const TrainConfig& train) {
  const Change& change = find_change(name);
  Variant variant{std::string(name), "", config, train};
  change.make(variant.config, variant.train);
  variant.change = describe_change(config, train, variant.config, variant.train);
  if (variant.change.empty() && &change != kChanges) {
    throw Error(fmt::format("variant {}: would change nothing, the model is that already", name));
  }
  try {
    variant.config.check();
    variant.train.check();
  } catch (const Error& error) {
    throw Error(fmt::format("variant {}: {}", name, error.what()));
  }
  return variant;
}

}  // namespace microgpt
