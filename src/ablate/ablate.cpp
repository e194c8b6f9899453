#include "microgpt/ablate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "base/thread_pool.h"
#include "microgpt/engine.h"
#include "microgpt/error.h"
#include "microgpt/evaluate.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kMaxSeeds = 1'000'000;
constexpr double kDiverged = 1e6;            // nats a token
constexpr std::int64_t kStepsToAnswer = 64;  // before it is asked again whether to go on

// One training.
struct Run {
  double held_out_loss = std::numeric_limits<double>::quiet_NaN();
  double train_loss = 0;
  double seconds = 0;

  // A loss that is finite and absurd would have squares that are not.
  bool diverged() const { return !(held_out_loss < kDiverged); }
};

using Runs = std::vector<std::optional<Run>>;  // of each seed, as far as they are done

class Study {
 public:
  Study(const Dataset& dataset, const Tokenizer& tokenizer, std::span<const Variant> variants,
        const AblationConfig& config, const std::function<bool(const AblationProgress&)>& go_on)
      : dataset_(dataset),
        tokenizer_(tokenizer),
        variants_(variants),
        config_(config),
        go_on_(go_on),
        runs_(variants.size(), Runs(static_cast<std::size_t>(config.seeds))) {
    progress_.runs = variants.size() * static_cast<std::size_t>(config.seeds);
  }

  // All variants, for seed number i.
  void run_seed(std::size_t i);

  std::vector<VariantResult> results() const;

 private:
  bool goes_on(std::size_t more_runs_done = 0);
  std::optional<Run> train_one(const Variant& variant, const Split& split, std::uint64_t seed,
                               PythonRandom random);
  VariantResult result_of(std::size_t variant) const;

  const Dataset& dataset_;
  const Tokenizer& tokenizer_;
  std::span<const Variant> variants_;
  AblationConfig config_;
  const std::function<bool(const AblationProgress&)>& go_on_;
  std::vector<Runs> runs_;  // of each variant
  std::mutex mutex_;        // for what follows
  AblationProgress progress_;
  bool going_on_ = true;
};

bool Study::goes_on(std::size_t more_runs_done) {
  const std::scoped_lock lock(mutex_);
  progress_.runs_done += more_runs_done;
  going_on_ = going_on_ && go_on_(progress_);
  return going_on_;
}

void Study::run_seed(std::size_t i) {
  if (!goes_on()) return;
  const std::uint64_t seed = config_.first_seed + i;
  Split split = split_documents(dataset_, config_.held_out, seed);
  PythonRandom random(seed);
  split.train.shuffle(random);
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    runs_[v][i] = train_one(variants_[v], split, seed, random);
    if (!runs_[v][i] || !goes_on(1)) return;
  }
}

// Nothing if it had to stop.
std::optional<Run> Study::train_one(const Variant& variant, const Split& split, std::uint64_t seed,
                                    PythonRandom random) {
  TrainConfig config = variant.train;
  config.seed = seed;
  const auto engine =
      make_engine(default_engine(variant.config, config.sequences_per_step()), variant.config);
  engine->load(init_state_dict(variant.config, config, random));
  const std::int64_t last = std::max(config.num_steps / 10, std::int64_t{1});
  Run run;
  double last_losses = 0;
  const auto after_step = [&](const StepReport& report) {
    if (report.step > config.num_steps - last) last_losses += report.loss;
    return report.step % kStepsToAnswer != 0 || goes_on();
  };
  const Clock::time_point start = Clock::now();
  try {
    const std::int64_t steps =
        train(*engine, variant.config, config, split.train, tokenizer_, 0, after_step);
    if (steps < config.num_steps) return std::nullopt;
  } catch (const DivergedError&) {
    return run;
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.train_loss = last_losses / static_cast<double>(last);
  run.held_out_loss = loss_per_token(*engine, variant.config, tokenizer_, split.held_out);
  return run;
}

std::size_t params_in_use(const Config& config) {
  const auto wpe =
      static_cast<std::size_t>(config.block_size) * static_cast<std::size_t>(config.n_embd);
  return config.num_params() - (config.parts.wpe ? 0 : wpe);
}

VariantResult Study::result_of(std::size_t variant) const {
  VariantResult result{.variant = variants_[variant],
                       .num_params = params_in_use(variants_[variant].config)};
  std::vector<double> held_out_losses, train_losses, differences, seconds;
  for (std::size_t i = 0; i < runs_[variant].size(); ++i) {
    const std::optional<Run>&run = runs_[variant][i], &other = runs_.front()[i];
    if (!run) continue;
    if (run->diverged()) {
      ++result.diverged;
      continue;
    }
    held_out_losses.push_back(run->held_out_loss);
    train_losses.push_back(run->train_loss);
    seconds.push_back(run->seconds);
    if (!other->diverged()) differences.push_back(run->held_out_loss - other->held_out_loss);
  }
  result.held_out_loss = estimate_mean(held_out_losses);
  result.train_loss = estimate_mean(train_losses);
  result.difference = estimate_mean(differences);
  result.seconds = estimate_mean(seconds).mean;
  return result;
}

std::vector<VariantResult> Study::results() const {
  std::vector<VariantResult> results;
  for (std::size_t v = 0; v < variants_.size(); ++v) results.push_back(result_of(v));
  return results;
}

}  // namespace

void AblationConfig::check() const {
  if (seeds < 1 || seeds > kMaxSeeds) {
    throw Error(fmt::format("seeds: out of range, expected 1 to {}, got {}", kMaxSeeds, seeds));
  }
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(
        fmt::format("threads: out of range, expected 1 to {}, got {}", kMaxThreads, threads));
  }
  if (first_seed >
      std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(seeds - 1)) {
    throw Error(fmt::format("first_seed: expected one that {} others can follow, got {}", seeds - 1,
                            first_seed));
  }
  if (!(held_out > 0 && held_out < 1)) {
    throw Error(
        fmt::format("held_out: out of range, expected above 0 and below 1, got {}", held_out));
  }
}

std::vector<VariantResult> ablate(const Dataset& dataset, const Tokenizer& tokenizer,
                                  std::span<const Variant> variants, const AblationConfig& config,
                                  const std::function<bool(const AblationProgress&)>& go_on) {
  config.check();
  for (const Variant& variant : variants) {
    if (variant.train.num_steps < 1) throw Error("num_steps: expected 1 or more, got 0");
  }
  Study study(dataset, tokenizer, variants, config, go_on);
  ThreadPool pool(config.threads);
  pool.run(static_cast<std::size_t>(config.seeds),
           [&](std::size_t i, int /*thread*/) { study.run_seed(i); });
  return study.results();
}

}  // namespace microgpt
