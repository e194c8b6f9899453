// One step of training, one name, and many names at once, on the default model and data/names.txt.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/sampler.h"
#include "microgpt/tokenizer.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

// The default run after some steps, so that no moment is zero any more.
struct WarmRun {
  explicit WarmRun(const std::string& engine_name) {
    dataset.shuffle(random);
    engine = make_engine(engine_name, config);
    engine->load(init_state_dict(config, train_config, random));
    train_config.num_steps = 200;
    train(*engine, config, train_config, dataset, tokenizer, 0,
          [](const StepReport&) { return true; });
    for (std::size_t i = 0; i < 1000; ++i) {
      documents.push_back(tokenizer.encode_document(dataset[i]));
    }
  }

  static Config make_config(const Tokenizer& tokenizer) {
    Config config;
    config.vocab_size = tokenizer.vocab_size();
    return config;
  }

  Dataset dataset = Dataset::read(std::string(MICROGPT_SOURCE_DIR) + "/data/names.txt");
  Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  Config config = make_config(tokenizer);
  TrainConfig train_config;
  PythonRandom random{42};
  std::unique_ptr<Engine> engine;
  std::vector<std::vector<int>> documents;
};

OptimizerStep adam(std::int64_t step) {
  const TrainConfig train;
  return {.step = step,
          .learning_rate = 1e-3,
          .beta1 = train.beta1,
          .beta2 = train.beta2,
          .eps_adam = train.eps_adam};
}

void BM_Step(benchmark::State& state, const std::string& engine_name) {
  WarmRun run(engine_name);
  std::size_t i = 0, tokens = 0;
  for (auto _ : state) {
    const auto& document = run.documents[i++ % run.documents.size()];
    benchmark::DoNotOptimize(
        run.engine->train_step({&document, 1}, adam(200 + static_cast<std::int64_t>(i))));
    tokens += document.size() - 1;
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
}

void BM_Generate(benchmark::State& state, const std::string& engine_name) {
  WarmRun run(engine_name);
  const auto decoder = run.engine->new_decoder();
  for (auto _ : state) {
    benchmark::DoNotOptimize(generate(*decoder, run.config, run.tokenizer, {}, "", run.random));
  }
}

void BM_GenerateMany(benchmark::State& state, const std::string& engine_name) {
  constexpr std::int64_t kNames = 1000;
  WarmRun run(engine_name);
  for (auto _ : state) {
    generate_many(*run.engine, run.config, run.tokenizer, {}, "", 42, kNames,
                  [](std::string_view) { return true; });
  }
  state.SetItemsProcessed(state.iterations() * kNames);
}

}  // namespace
}  // namespace microgpt

int main(int argc, char** argv) {
  for (const std::string_view name : microgpt::engine_names()) {
    const std::string engine(name);
    const auto add = [&](const std::string& what, auto* function) {
      benchmark::RegisterBenchmark((what + "/" + engine).c_str(), function, engine)
          ->Unit(benchmark::kMicrosecond);
    };
    add("step", microgpt::BM_Step);
    add("generate", microgpt::BM_Generate);
    add("generate_1000", microgpt::BM_GenerateMany);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
