#include "run_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "microgpt/error.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

// Settings that no number of the training depends on. What the data is, its checksum says.
constexpr std::array<std::string_view, 9> kWithoutEffect = {
    "threads",    "num_samples", "temperature", "data", "out",
    "save_every", "stop_after",  "log",         "quiet"};

// Where a setting shows first.
struct Shows {
  std::string_view key;
  Stage stage;
  std::string_view made = "";  // part of the path
  std::int64_t from_step = 1;
};

constexpr Shows kShows[] = {
    {"data", Stage::kTokens},
    {"data", Stage::kParameters},  // by the size of its vocabulary
    {"encoding", Stage::kTokens},
    {"encoding", Stage::kParameters},
    {"sequences", Stage::kTokens},
    {"sequences", Stage::kParameters},
    {"tokens", Stage::kTokens},
    {"tokens", Stage::kParameters},
    {"seed", Stage::kTokens},
    {"seed", Stage::kParameters},
    {"edition", Stage::kTokens},  // BOS first or last
    {"edition", Stage::kParameters},
    {"edition", Stage::kUpdate, ".v"},  // the square of a gradient
    {"block_size", Stage::kTokens},
    {"block_size", Stage::kParameters},
    {"n_embd", Stage::kParameters},
    {"n_layer", Stage::kParameters},
    {"init_std", Stage::kParameters},
    {"batch_size", Stage::kTokens},
    {"batch_size", Stage::kLoss},  // the parts whose losses are added
    {"batch_size", Stage::kGradients},
    {"grad_accum", Stage::kTokens},
    {"grad_accum", Stage::kLoss},
    {"grad_accum", Stage::kGradients},
    {"n_head", Stage::kForward},
    {"n_head", Stage::kLoss},
    {"activation", Stage::kForward, ".mlp_act"},
    {"activation", Stage::kLoss},
    {"optimizer", Stage::kUpdate},
    {"beta1", Stage::kUpdate, ".m"},
    {"beta2", Stage::kUpdate, ".v"},
    {"eps_adam", Stage::kUpdate, ".update"},
    {"eps_adam", Stage::kUpdate, ".data"},
    {"learning_rate", Stage::kUpdate, ".update"},
    {"learning_rate", Stage::kUpdate, ".data"},
    {"schedule", Stage::kUpdate, ".update", 2},
    {"schedule", Stage::kUpdate, ".data", 2},
    {"num_steps", Stage::kUpdate, ".update", 2},
    {"num_steps", Stage::kUpdate, ".data", 2},
};

// The engines with Python's bits make the same numbers; one in float32 makes others from the
// parameters on.
bool engines_explain(const SettingDifference& engines, const NumberDifference& first) {
  return (engines.a == "cpu" || engines.b == "cpu") && first.stage != Stage::kTokens;
}

bool explains(const SettingDifference& setting, const NumberDifference& first,
              Sequences sequences) {
  if (setting.key == "engine") return engines_explain(setting, first);
  const bool whole_documents = sequences == Sequences::kDocuments;  // whatever the block
  if (setting.key == "block_size" && first.stage == Stage::kTokens && whole_documents) return false;
  return std::ranges::any_of(kShows, [&](const Shows& shows) {
    return shows.key == setting.key && shows.stage == first.stage &&
           shows.from_step <= first.step && first.path.find(shows.made) != std::string::npos;
  });
}

std::vector<SettingDifference> compare_settings(const Training& a, const Training& b,
                                                const std::optional<NumberDifference>& first) {
  std::vector<SettingDifference> found;
  const auto add = [&](const std::string& key, const std::string& in_a, const std::string& in_b) {
    if (in_a == in_b) return;
    found.push_back({key, in_a, in_b});
    found.back().explains = first && explains(found.back(), *first, a.settings.sequences);
  };
  for (const Setting& setting : all_settings()) {
    if (std::ranges::find(kWithoutEffect, setting.key) != kWithoutEffect.end()) continue;
    add(setting.key, format_value(setting, a.settings), format_value(setting, b.settings));
  }
  add("data", a.data.dataset.sha256(), b.data.dataset.sha256());
  std::ranges::stable_partition(found, &SettingDifference::explains);
  return found;
}

Replay replay(const Training& training) {
  return {training.settings.engine, *training.engine,      training.settings.config,
          training.settings.train,  training.data.dataset, training.tokenizer};
}

// Trains from step `from` on to `to`, and hands out the losses. Stops where one is not finite.
template <class Take>
void go_on(Training& training, std::int64_t from, std::int64_t to, Take take) {
  if (from >= to) return;
  try {
    train(*training.engine, training.settings.config, training.settings.train,
          training.data.dataset, training.tokenizer, from, [&](const StepReport& report) {
            take(report.step, report.loss);
            return report.step < to;
          });
  } catch (const DivergedError&) {
  }
}

// The files of a run beside what its replay, which is at step `from`, comes to.
void check_saved(const RunSource& run, Training& training, std::int64_t from,
                 std::vector<SavedDifference>& differences) {
  if (run.saved.empty()) return;
  go_on(training, from, run.steps, [](std::int64_t, double) {});
  const StateDict made = training.engine->state_dict();
  for (const SavedState& saved : run.saved) {
    if (auto difference = first_difference(made, saved.state)) {
      difference->step = run.steps;
      difference->origin = {};  // of a parameter, that of its first value
      differences.push_back({saved.file, *difference});
    }
  }
}

Comparison compare_replays(const RunSource& a, const RunSource& b, const std::string& data,
                           std::int64_t most_steps) {
  Training in_a = replay_of(a, data), in_b = replay_of(b, data);
  Comparison comparison;
  comparison.replayed = true;
  comparison.diff = diff_runs(replay(in_a), replay(in_b), std::min({a.steps, b.steps, most_steps}));
  const RunDiff& diff = comparison.diff;
  comparison.settings = compare_settings(in_a, in_b, diff.first);
  if (diff.first) return comparison;
  if (a.steps <= most_steps) check_saved(a, in_a, diff.steps, comparison.saved);
  if (b.steps <= most_steps) check_saved(b, in_b, diff.steps, comparison.saved);
  comparison.same_files = !a.saved.empty() && !b.saved.empty() && a.steps == b.steps &&
                          !first_difference(a.saved.front().state, b.saved.front().state);
  return comparison;
}

// A run's losses: its log, or those of its replay up to a step.
LossLog losses_of(const RunSource& run, const std::string& data, std::int64_t steps,
                  double& rounding) {
  if (!run.settings) return run.log;
  Training training = replay_of(run, data);
  if (training.settings.engine == "cpu") rounding = kFloatRounding;
  LossLog log;
  log.every_digit = true;
  go_on(training, 0, steps, [&](std::int64_t step, double loss) { log.losses[step] = loss; });
  return log;
}

Comparison compare_losses(const RunSource& a, const RunSource& b, const std::string& data,
                          std::int64_t most_steps) {
  const std::int64_t steps = std::min({a.steps, b.steps, most_steps});
  Comparison comparison;
  RunDiff& diff = comparison.diff;
  const LossLog in_a = losses_of(a, data, steps, diff.rounding);
  const LossLog in_b = losses_of(b, data, steps, diff.rounding);
  for (const auto& [step, loss_a] : in_a.losses) {
    const auto twin = in_b.losses.find(step);
    if (step > steps || twin == in_b.losses.end()) continue;
    ++diff.steps;
    const LossDifference losses = {step, loss_a, twin->second};
    if (same_as_printed(loss_a, in_a, losses.b, in_b)) continue;
    if (!diff.first_loss) diff.first_loss = losses;
    if (!diff.first_clear_loss && !is_rounding(losses, diff.rounding)) {
      diff.first_clear_loss = losses;
    }
  }
  if (diff.steps == 0) {
    throw Error(fmt::format("{} and {}: no step in common, expected losses of the same steps",
                            a.path, b.path));
  }
  return comparison;
}

}  // namespace

Comparison compare_runs(const RunSource& a, const RunSource& b, const std::string& data,
                        std::int64_t most_steps) {
  return a.settings && b.settings ? compare_replays(a, b, data, most_steps)
                                  : compare_losses(a, b, data, most_steps);
}

}  // namespace microgpt
