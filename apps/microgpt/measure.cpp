#include "measure.h"

#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>

#include "embedded_names.h"
#include "microgpt/engine.h"
#include "microgpt/machine.h"
#include "microgpt/sampler.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

using Clock = std::chrono::steady_clock;
using Announce = std::function<bool(const std::string&)>;

constexpr double kRoundSeconds = 0.02;  // of one engine in one round, or one step if that is longer
constexpr double kSlowestSeconds = 1;   // a step that takes longer is left out
constexpr std::uint64_t kSeed = 42;
constexpr std::int64_t kNames = 1000;  // to sample in one round

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

// The embedded names, and the run that learns from them.
struct Names {
  Names() { dataset.shuffle(random); }

  static Config config_of(const Tokenizer& tokenizer) {
    Config config;
    config.vocab_size = tokenizer.vocab_size();
    return config;
  }

  PythonRandom random{kSeed};
  Dataset dataset{std::string(embedded_names()), "the embedded names"};
  Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  Config config = config_of(tokenizer);
};

struct BenchModel {
  std::string name;
  Config config;
  std::vector<std::vector<int>> sequences;
  std::vector<std::size_t> batches;
};

BenchModel default_model(const Names& names) {
  BenchModel model{"default", names.config, {}, {1, 16, 64}};
  for (std::size_t i = 0; i < 4096; ++i) {
    model.sequences.push_back(names.tokenizer.encode_document(names.dataset[i]));
  }
  return model;
}

// Of random tokens: what they are makes no difference to the time.
BenchModel random_model(int L, int H, int C, int T, std::size_t batch) {
  Config config;
  config.n_layer = L;
  config.n_head = H;
  config.n_embd = C;
  config.block_size = T;
  config.vocab_size = 65;
  BenchModel model{fmt::format("L{} H{} C{} T{}", L, H, C, T), config, {}, {batch}};
  for (std::size_t i = 0; i < batch; ++i) {
    const CounterRandom random(kSeed, i);
    auto& tokens = model.sequences.emplace_back(static_cast<std::size_t>(T) + 1);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      tokens[t] = static_cast<int>(random.random(t) * config.vocab_size);
    }
  }
  return model;
}

// A number of the process's memory in bytes, "VmRSS:" or "VmHWM:"; 0 where the system tells none.
double process_memory(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return 1024 * std::stod(line.substr(name.size()));
  }
  return 0;
}

// Also gives back what was freed, or an engine could live in that and seem to take nothing.
void forget_memory_peak() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  std::ofstream("/proc/self/clear_refs") << 5;
}

// How many tokens of a sequence a model predicts.
double predicted(const Config& config, const std::vector<int>& sequence) {
  return std::min<double>(config.block_size, static_cast<double>(sequence.size()) - 1);
}

// An engine that takes steps, and how long they took.
class Contestant {
 public:
  Contestant(const BenchModel& model, TrainingRow& row, const StateDict& state)
      : model_(model), row_(row) {
    forget_memory_peak();
    const double before = process_memory("VmRSS:");
    engine_ = make_engine(row.engine, model.config, {.threads = row.threads});
    engine_->load(state);
    take_step();  // what is made at the first is not measured
    row_.bytes = std::max(0.0, process_memory("VmHWM:") - before);
    const auto start = Clock::now();
    take_step();
    steps_ = std::max(1, static_cast<int>(kRoundSeconds / seconds_since(start)));
  }

  // The time of an average step: sequences differ in length, and an engine that does few steps in a
  // round meets few of them.
  void take_round() {
    double tokens = 0;
    const auto start = Clock::now();
    for (int i = 0; i < steps_; ++i) tokens += take_step();
    us_.push_back(seconds_since(start) / tokens * row_.tokens * 1e6);
  }

  void finish() { row_.us = spread_of(us_); }

 private:
  // Returns how many tokens it has predicted.
  double take_step() {
    const auto batch = static_cast<std::size_t>(row_.batch);
    const auto begin = static_cast<std::size_t>(step_) * batch % model_.sequences.size();
    const TrainConfig adam;
    const Batch sequences = Batch(model_.sequences).subspan(begin, batch);
    engine_->train_step(sequences, {.step = step_++,
                                    .learning_rate = 1e-4,
                                    .beta1 = adam.beta1,
                                    .beta2 = adam.beta2,
                                    .eps_adam = adam.eps_adam});
    double tokens = 0;
    for (const auto& sequence : sequences) tokens += predicted(model_.config, sequence);
    return tokens;
  }

  const BenchModel& model_;
  TrainingRow& row_;
  std::unique_ptr<Engine> engine_;
  std::int64_t step_ = 0;
  int steps_ = 1;  // in a round
  std::vector<double> us_;
};

// One thread, and all where the engine knows what to do with them.
std::vector<int> thread_counts(std::string_view engine) {
  if (engine != "cpu" || processors() == 1) return {1};
  return {1, processors()};
}

class Measurement {
 public:
  Measurement(int rounds, const Announce& progress) : rounds_(rounds), progress_(progress) {}

  bool peaks() {
    for (const int threads : processors() == 1 ? std::vector{1} : std::vector{1, processors()}) {
      if (!progress_("what the machine can do")) return false;
      result.peaks.push_back({threads, measure_peak(FloatType::kFloat32, threads),
                              measure_peak(FloatType::kFloat64, threads),
                              measure_memory_read(threads)});
    }
    return true;
  }

  bool training(const BenchModel& model) {
    for (const std::size_t batch : model.batches) {
      if (!training(model, batch)) return false;
    }
    return true;
  }

  bool sampling(Names& names);

  Measurements result;

 private:
  bool training(const BenchModel& model, std::size_t batch);
  TrainingRow row_for(const BenchModel& model, std::size_t batch, std::string_view engine,
                      int threads) const;
  double estimate(const TrainingRow& row) const;

  int rounds_;
  const Announce& progress_;
};

TrainingRow Measurement::row_for(const BenchModel& model, std::size_t batch,
                                 std::string_view engine, int threads) const {
  TrainingRow row;
  row.model = model.name;
  row.engine = engine;
  row.batch = static_cast<int>(batch);
  row.threads = threads;
  double tokens = 0;
  const Config& c = model.config;
  for (const auto& sequence : model.sequences) {
    tokens += predicted(c, sequence);
  }
  const double T = tokens / static_cast<double>(model.sequences.size());  // of a sequence
  row.tokens = T * static_cast<double>(batch);
  row.operations =
      row.tokens * (6 * static_cast<double>(c.num_params()) + 12.0 * c.n_layer * c.n_embd * T);
  const Peaks& peaks = threads == 1 ? result.peaks.front() : result.peaks.back();
  row.peak = engine == "cpu" ? peaks.float32 : peaks.float64;
  return row;
}

// Seconds that a step will take, from the fastest that the engine has been so far.
double Measurement::estimate(const TrainingRow& row) const {
  double best = 0;
  for (const TrainingRow& before : result.training) {
    if (before.engine != row.engine || before.us.median == 0) continue;
    best = std::max(best, before.operations / before.us.median);
  }
  return best == 0 ? 0 : row.operations / best / 1e6;
}

bool Measurement::training(const BenchModel& model, std::size_t batch) {
  std::vector<TrainingRow> rows;
  for (const std::string_view engine : engine_names()) {
    for (const int threads : thread_counts(engine)) {
      TrainingRow row = row_for(model, batch, engine, threads);
      const double seconds = estimate(row);
      if (seconds > kSlowestSeconds) row.slow = seconds;
      rows.push_back(std::move(row));
    }
  }
  PythonRandom random(kSeed);
  const StateDict state = init_state_dict(model.config, {}, random);
  const std::string what = fmt::format("{}, {} a step", model.name, batch);
  std::vector<std::unique_ptr<Contestant>> contestants;
  for (TrainingRow& row : rows) {
    if (!progress_(what)) return false;
    if (row.slow == 0) contestants.push_back(std::make_unique<Contestant>(model, row, state));
  }
  for (int round = 1; round <= rounds_; ++round) {
    if (!progress_(fmt::format("{}: round {} of {}", what, round, rounds_))) return false;
    for (const auto& contestant : contestants) contestant->take_round();
  }
  for (const auto& contestant : contestants) contestant->finish();
  result.training.insert(result.training.end(), rows.begin(), rows.end());
  return true;
}

bool Measurement::sampling(Names& names) {
  // Trained, as the length of a name depends on it.
  const TrainConfig train_config;
  const auto teacher = make_engine(engine_names().front(), names.config);
  teacher->load(init_state_dict(names.config, train_config, names.random));
  const bool trained = train(*teacher, names.config, train_config, names.dataset, names.tokenizer,
                             0, [&](const StepReport& report) {
                               return report.step % 100 != 0 || progress_("sampling: a model");
                             }) == train_config.num_steps;
  if (!trained) return false;
  struct Writer {
    std::unique_ptr<Engine> engine;
    std::vector<double> us;
  };
  std::vector<Writer> writers;
  for (const std::string_view name : engine_names()) {
    for (const bool many : {false, true}) {
      auto engine = make_engine(name, names.config);
      if (many && !has_own_streams(*engine)) continue;
      engine->load(teacher->state_dict());
      writers.push_back({std::move(engine), {}});
      result.sampling.push_back({std::string(name), 1, many, {}});
    }
  }
  for (int round = 1; round <= rounds_; ++round) {
    if (!progress_(fmt::format("sampling: round {} of {}", round, rounds_))) return false;
    for (std::size_t i = 0; i < writers.size(); ++i) {
      const Engine& engine = *writers[i].engine;
      const auto start = Clock::now();
      const bool many = result.sampling[i].many;
      if (many || has_own_streams(engine)) {
        generate_many(
            engine, names.config, names.tokenizer, {}, "", kSeed, kNames * (many ? 20 : 1),
            [](std::string_view) { return true; }, many ? 0 : 1);
      } else {
        const auto decoder = engine.new_decoder();
        PythonRandom random(kSeed);
        for (int k = 0; k < kNames; ++k) {
          generate(*decoder, names.config, names.tokenizer, {}, "", random);
        }
      }
      const double written = static_cast<double>(kNames * (result.sampling[i].many ? 20 : 1));
      writers[i].us.push_back(seconds_since(start) / written * 1e6);
    }
  }
  for (std::size_t i = 0; i < writers.size(); ++i) {
    result.sampling[i].us = spread_of(writers[i].us);
  }
  return true;
}

}  // namespace

Measurements measure(int rounds, bool quick, const Announce& progress) {
  Names names;
  Measurement measurement(rounds, progress);
  bool whole = measurement.peaks() && measurement.training(default_model(names)) &&
               measurement.sampling(names);
  if (!quick) {
    whole = whole && measurement.training(random_model(4, 4, 128, 64, 12)) &&
            measurement.training(random_model(4, 4, 128, 256, 4)) &&
            measurement.training(random_model(6, 6, 384, 256, 4));
  }
  return whole ? std::move(measurement.result) : Measurements{};
}

}  // namespace microgpt
