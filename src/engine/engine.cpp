#include "microgpt/engine.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "cpu/cpu_engine.h"
#include "exact/exact_engine.h"
#include "microgpt/error.h"
#include "reference/reference_engine.h"

namespace microgpt {
namespace {

using Make = std::unique_ptr<Engine> (*)(const Config&, const EngineOptions&);

std::unique_ptr<Engine> make_reference(const Config& config, const EngineOptions&) {
  return reference::make_reference_engine(config);
}

std::unique_ptr<Engine> make_exact(const Config& config, const EngineOptions&) {
  return exact::make_exact_engine(config);
}

constexpr std::array<std::string_view, 3> kNames = {"exact", "cpu", "reference"};
constexpr std::array<Make, kNames.size()> kMakers = {make_exact, cpu::make_cpu_engine,
                                                     make_reference};

}  // namespace

std::span<const std::string_view> engine_names() { return kNames; }

std::string_view default_engine(const Config& config, std::int64_t sequences_per_step) {
  const bool small = config.num_params() <= kSmallModel && sequences_per_step == 1;
  return small || config.parts != Parts() ? "exact" : "cpu";
}

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
