#include "training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/error.h"
#include "microgpt/trainer.h"
#include "microgpt/version.h"

namespace microgpt {
namespace {

Provenance provenance_of(const Training& training) {
  return {.version = std::string(version()),
          .engine = training.settings.engine,
          .data = training.data.provenance,
          .data_sha256 = training.data.dataset.sha256(),
          .encoding = training.settings.encoding,
          .sequences = training.settings.sequences,
          .step = training.step,
          .train = training.settings.train};
}

LoadedData load_again(const Settings& settings) {
  try {
    return load_data(settings.data, settings.encoding, settings.sequences);
  } catch (const Error& error) {
    throw Error(fmt::format("{}; --data FILE if the data of the run has moved", error.what()));
  }
}

// An update can overflow although its loss was finite.
void check_finite(const StateDict& state, std::int64_t step) {
  for (const Tensor& tensor : state.params) {
    if (std::ranges::all_of(tensor.data, [](double x) { return std::isfinite(x); })) continue;
    throw DivergedError(
        fmt::format("step {}: training has diverged, expected finite numbers in {}; lower the "
                    "learning rate",
                    step, tensor.name));
  }
}

}  // namespace

void Training::add_loss(double loss) {
  last_losses.push_back(loss);
  if (last_losses.size() > kLastLosses) last_losses.pop_front();
}

Training start_training(const Settings& settings) {
  PythonRandom random(settings.train.seed);
  LoadedData data = load_data(settings.data, settings.encoding, settings.sequences);
  data.dataset.shuffle(random);
  Tokenizer tokenizer =
      Tokenizer::from_dataset(data.dataset, settings.train.edition, settings.tokens);
  Settings full = settings;
  full.config.vocab_size = tokenizer.vocab_size();
  if (full.engine.empty()) {
    full.engine = default_engine(full.config, full.train.sequences_per_step());
  }
  check_enough_data(data.dataset, tokenizer, full.config, full.train);
  // The engine first: it refuses sizes that the memory can't hold.
  std::unique_ptr<Engine> engine = make_engine(full.engine, full.config, {.threads = full.threads});
  engine->load(init_state_dict(full.config, full.train, random));
  return {std::move(full), std::move(data), std::move(tokenizer), std::move(engine), random, 0, {}};
}

Training resume_training(const Settings& settings, const TrainingRun& run,
                         const std::string& where) {
  const Provenance& provenance = run.model.provenance.value();
  LoadedData data = load_again(settings);
  if (data.dataset.sha256() != provenance.data_sha256) {
    throw Error(fmt::format(
        "{}: not the data of this run, expected SHA-256 {}, got {} ({}); --data names another file",
        where, provenance.data_sha256, data.dataset.sha256(), data.origin));
  }
  PythonRandom shuffler(settings.train.seed);
  data.dataset.shuffle(shuffler);
  check_enough_data(data.dataset, run.model.tokenizer, settings.config, settings.train);
  std::unique_ptr<Engine> engine =
      make_engine(settings.engine, settings.config, {.threads = settings.threads});
  engine->load(run.model.state);
  return {settings,
          std::move(data),
          run.model.tokenizer,
          std::move(engine),
          PythonRandom(run.random),
          provenance.step,
          {run.last_losses.begin(), run.last_losses.end()}};
}

Model model_of(const Training& training) {
  return {.config = training.settings.config,
          .tokenizer = training.tokenizer,
          .state = training.engine->state_dict(),
          .provenance = provenance_of(training)};
}

void save_training(const Training& training) {
  Model model = model_of(training);
  check_finite(model.state, training.step);
  save_run(training.settings.out,
           {.model = std::move(model),
            .random = training.random.state(),
            .last_losses = {training.last_losses.begin(), training.last_losses.end()},
            .temperature = training.settings.temperature,
            .num_samples = training.settings.num_samples});
}

DataRemarks look_at(const Dataset& dataset, const Tokenizer& tokenizer, int block_size) {
  const bool documents = dataset.sequences() == Sequences::kDocuments;  // windows are cut anyway
  DataRemarks remarks;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const std::string_view document = dataset[i];
    remarks.byte_order_mark = remarks.byte_order_mark || document.starts_with("\xef\xbb\xbf");
    // The end of a document is predicted too. A token is a byte or more.
    const auto most = static_cast<std::size_t>(block_size) - 1;
    if (!documents || document.size() <= most) continue;
    const std::size_t tokens = tokenizer.count_tokens(document);
    if (tokens <= most) continue;
    ++remarks.long_documents;
    remarks.longest = std::max(remarks.longest, tokens);
  }
  return remarks;
}

}  // namespace microgpt
