// What does each part of the model buy? One thing is changed at a time, over many seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/statistics.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// A model and how it is trained, with one thing changed.
struct Variant {
  std::string name;    // "one-head"
  std::string change;  // "n_head 4 -> 1"; empty for the unchanged one
  Config config;
  TrainConfig train;  // its seed is not used: each run has its own
};

// "unchanged", which is unchanged, and then the changes.
std::span<const std::string_view> variant_names();

// The learning rate of the variant with SGD: Adam's would be unfair to it (docs/ablation.md).
inline constexpr double kSgdLearningRate = 0.3;

// Throws Error: there is no such variant (the message names similar ones), it would change nothing
// in this model, or the model that it makes is none.
Variant make_variant(std::string_view name, const Config& config, const TrainConfig& train);

struct AblationConfig {
  std::uint64_t first_seed = 42;  // the other runs have those that follow
  std::int64_t seeds = 100;
  double held_out = 0.1;  // share of the texts that nothing is learned from
  int threads = 1;        // each trains for one seed; no figure but the times depends on them

  // Throws Error: a value is not in its range.
  void check() const;
};

// What came of a variant. Losses are in nats a token.
struct VariantResult {
  Variant variant;
  std::size_t num_params = 0;   // that the model uses
  std::size_t diverged = 0;     // runs that ended above a million or as no number: in no figure
  Estimate held_out_loss = {};  // after training
  Estimate train_loss = {};     // of the last tenth of the steps, each before its update
  Estimate difference = {};     // held-out loss less that of the first variant for the same seed
  double seconds = 0;           // to train, of a run
};

struct AblationProgress {
  std::size_t runs_done = 0;
  std::size_t runs = 0;
};

// Trains each variant once for each seed. A seed decides which documents are held out, the order of
// the others and the first parameters; it is the same for all variants, so that what they differ by
// is better known than each alone. Engines are default_engine's.
//   variants  of models for this tokenizer; the first is what the others are compared with
//   go_on     is asked again and again, by one thread at a time; false ends the study: results are
//             then those of the runs that are done
// Throws Error: see AblationConfig::check, split_documents and train; a variant has no steps.
std::vector<VariantResult> ablate(const Dataset& dataset, const Tokenizer& tokenizer,
                                  std::span<const Variant> variants, const AblationConfig& config,
                                  const std::function<bool(const AblationProgress&)>& go_on);

}  // namespace microgpt
