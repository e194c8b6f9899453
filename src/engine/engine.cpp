#include "microgpt/engine.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "cpu/small_engine.h"
#include "microgpt/error.h"
#include "reference/reference_engine.h"

namespace microgpt {
namespace {

using Make = std::unique_ptr<Engine> (*)(const Config&, const EngineOptions&);

std::unique_ptr<Engine> make_reference(const Config& config, const EngineOptions&) {
  return reference::make_reference_engine(config);
}

std::unique_ptr<Engine> make_cpu(const Config& config, const EngineOptions& options) {
  config.check();
  if (!cpu::small_engine_fits(config)) throw Error("engine cpu: too large");
  return cpu::make_small_engine(config, options);
}

constexpr std::array kNames = {std::string_view("reference"), std::string_view("cpu")};
constexpr std::array<Make, kNames.size()> kMakers = {make_reference, make_cpu};

}  // namespace

std::span<const std::string_view> engine_names() { return kNames; }

double Engine::train_step(Batch batch, const OptimizerStep& step) {
  const double loss = loss_and_grad(batch);
  if (std::isfinite(loss)) optimizer_step(step);
  return loss;
}

std::unique_ptr<Lanes> Engine::new_lanes(std::size_t, double) const { return nullptr; }

std::unique_ptr<Engine> make_engine(std::string_view name, const Config& config,
                                    const EngineOptions& options) {
  if (options.threads < 1 || options.threads > kMaxThreads) {
    throw Error(fmt::format("threads: out of range, expected 1 to {}, got {}", kMaxThreads,
                            options.threads));
  }
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return kMakers[i](config, options);
  }
  throw Error(
      fmt::format("engine: no such engine, expected {}, got '{}'", fmt::join(kNames, ", "), name));
}

}  // namespace microgpt
