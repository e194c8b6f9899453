// microgpt new: from a list to a model that has been judged.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "command.h"
#include "data_source.h"
#include "interrupt.h"
#include "message.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"
#include "microgpt/version.h"
#include "new_report.h"
#include "progress.h"
#include "setting_options.h"

namespace microgpt {
namespace {

// What `train` has too.
constexpr std::array<std::string_view, 15> kNewSettings = {
    "n_embd",    "n_head",    "n_layer",    "block_size",    "activation",
    "tokens",    "num_steps", "batch_size", "learning_rate", "schedule",
    "optimizer", "engine",    "threads",    "encoding",      "out"};

constexpr std::array<double, 3> kTemperatures = {0.5, 0.8, 1.0};
constexpr std::uint64_t kSplitSeed = 1;

struct NewOptions {
  std::vector<Assignment> flags;
  std::string file;
  std::uint64_t first_seed = 42;
  int seeds = 3;
  double held_out = 0.1;
  bool by_rows = false;
  std::size_t samples = 1000;
  FitConfig fit;
  bool json = false;
};

void check_new_options(const NewOptions& options) {
  if (options.seeds < 1 || options.seeds > 1000) {
    throw UsageError(fmt::format("--seeds: expected 1 to 1000, got {}", options.seeds));
  }
  if (options.samples < 1 || options.samples > 1'000'000) {
    throw UsageError(fmt::format("--samples: expected 1 to 1000000, got {}", options.samples));
  }
  if (!(options.held_out > 0 && options.held_out < 1)) {
    throw UsageError(
        fmt::format("--held-out: expected above 0 and below 1, got {}", options.held_out));
  }
  if (options.fit.patience < 1) {
    throw UsageError(fmt::format("--patience: expected 1 or more, got {}", options.fit.patience));
  }
  const auto others = static_cast<std::uint64_t>(options.seeds - 1);
  if (options.first_seed > std::numeric_limits<std::uint64_t>::max() - others) {
    throw UsageError(fmt::format("--seed: expected one that {} others can follow, got {}", others,
                                 options.first_seed));
  }
}

// The documents once more, as `microgpt check` reads them.
ListReport look_at_list(const Dataset& dataset) {
  ListChecker checker({});
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    checker.add(dataset[i]);
    checker.add("\n");
  }
  return checker.finish();
}

void note_findings(const ListReport& list, const std::string& file) {
  const std::size_t errors = list.count(Severity::kError);
  const std::size_t warnings = list.count(Severity::kWarning);
  if (errors + warnings == 0) return;
  print_note(fmt::format("`microgpt check {}` has {} errors and {} warnings to tell of",
                         shell_quoted(file), errors, warnings));
}

Split split_as_asked(const Dataset& dataset, const NewOptions& options) {
  const auto split = options.by_rows ? split_rows : split_documents;
  return split(dataset, options.held_out, kSplitSeed);
}

// What was asked for, as the flags say it, over what is suggested.
Settings settings_over(const Suggestion& suggestion, const std::vector<Assignment>& flags) {
  Settings settings = settings_of(suggestion);
  assign(settings, flags);
  return settings;
}

Suggestion suggest_as_asked(const ListReport& list, std::size_t trained_on,
                            const std::vector<Assignment>& flags) {
  Suggestion suggestion = suggest(list, trained_on, [&](Suggestion& so_far) {
    const Settings settings = settings_over(so_far, flags);
    so_far.config = settings.config;
    so_far.train = settings.train;
    so_far.engine = settings.engine;
    so_far.tokens = settings.tokens;
  });
  for (Suggestion::Reason& reason : suggestion.reasons) {
    const auto is_meant = [&](const Assignment& flag) {
      return flag.setting->key == reason.setting;
    };
    if (std::ranges::any_of(flags, is_meant)) reason.why = "asked for";
  }
  return suggestion;
}

class NewModel {
 public:
  NewModel(const NewOptions& options, Settings settings, const LoadedData& data, const Split& split)
      : options_(options),
        settings_(std::move(settings)),
        data_(data),
        tokenizer_(
            Tokenizer::from_dataset(data_.dataset, settings_.train.edition, settings_.tokens)),
        split_(split) {
    settings_.config.vocab_size = tokenizer_.vocab_size();
    settings_.check();
    engine_ = make_engine(settings_.engine, settings_.config, {.threads = settings_.threads});
  }

  // Trains from each seed, as far as nobody interrupts.
  void fit_all(NewReport& report) {
    for (int i = 0; i < options_.seeds && caught_interrupt() == 0; ++i) {
      settings_.train.seed = options_.first_seed + static_cast<std::uint64_t>(i);
      std::optional<Fit> made = fit_one(i);
      if (!made || made->curve.empty()) continue;
      if (caught_interrupt() != 0 && !report.fits.empty()) break;  // one that is whole says more
      report.seeds.push_back(settings_.train.seed);
      report.fits.push_back(std::move(*made));
      if (report.fits.back().loss() < report.kept().loss()) report.chosen = report.fits.size() - 1;
    }
  }

  void judge(NewReport& report) {
    settings_.train.seed = report.seeds.at(report.chosen);
    engine_->load(report.kept().state);
    report.settings = settings_;
    report.data = data_.origin;
    report.data_sha256 = data_.dataset.sha256();
    report.documents = data_.dataset.size();
    report.trained_on = split_.train.size();
    report.held_out = split_.held_out.size();
    report.split_by_rows = options_.by_rows;
    report.baselines = baselines_of(split_, tokenizer_, settings_.config.block_size);
    report.held_out_novelty = count_held_out(split_);
    report.writings = write_documents(*engine_, settings_.config, tokenizer_, split_, kTemperatures,
                                      options_.samples, settings_.train.seed,
                                      [] { return caught_interrupt() == 0; });
  }

  Model model_of(const NewReport& report) const {
    const Provenance provenance = {.version = std::string(version()),
                                   .engine = settings_.engine,
                                   .data = data_.provenance,
                                   .data_sha256 = data_.dataset.sha256(),
                                   .encoding = settings_.encoding,
                                   .sequences = Sequences::kDocuments,
                                   .step = report.kept().curve[report.kept().kept].step,
                                   .train = settings_.train};
    return {settings_.config, tokenizer_, report.kept().state, provenance};
  }

 private:
  // Nothing if it diverged.
  std::optional<Fit> fit_one(int i) {
    try {
      StatusLine line;
      return fit(
          split_, tokenizer_, settings_.config, settings_.train, *engine_, options_.fit,
          [&](const StepReport& step) {
            line.draw(fmt::format("seed {} of {}: step {} of {}, loss {:.3f}", i + 1,
                                  options_.seeds, step.step, settings_.train.num_steps, step.loss));
            return caught_interrupt() == 0;
          });
    } catch (const DivergedError& error) {
      print_note(fmt::format("seed {} is left out: {}", settings_.train.seed, error.what()));
      return std::nullopt;
    }
  }

  const NewOptions& options_;
  Settings settings_;
  const LoadedData& data_;
  Tokenizer tokenizer_;
  const Split& split_;
  std::unique_ptr<Engine> engine_;
};

// A training that the folder has from before would be gone on with in place of this model.
void save(const NewReport& report, const Model& model) {
  const std::filesystem::path folder = report.settings.out;
  write_model(folder / kModelFile, model);
  std::filesystem::remove(folder / kTrainingFile);
  OutputFile::write_whole(folder / "report.html", new_html(report));
  OutputFile::write_whole(folder / "report.json", new_json(report));
  print_note(fmt::format("saved in {}: the model, report.html, report.json",
                         shell_quoted(folder.string())));
}

int run_new(const NewOptions& options, Output& out) {
  check_new_options(options);
  const Settings asked = parse_flags(options.flags);
  asked.check();
  const LoadedData data = load_data(options.file, asked.encoding, Sequences::kDocuments);
  const ListReport list = look_at_list(data.dataset);
  note_findings(list, options.file);
  const Split split = split_as_asked(data.dataset, options);
  const Suggestion suggestion = suggest_as_asked(list, split.train.size(), options.flags);
  const Settings settings = settings_over(suggestion, options.flags);
  NewModel made(options, settings, data, split);
  prepare_folder(settings.out);
  NewReport report;
  report.distinct = list.distinct;
  report.reasons = suggestion.reasons;
  catch_interrupts();
  made.fit_all(report);
  if (report.fits.empty()) {
    if (caught_interrupt() == 0) {
      throw Error("new: all trainings diverged; a smaller --learning-rate may help");
    }
    print_note("stopped before anything was learned: nothing is saved");
    return interrupt_status();
  }
  made.judge(report);
  report.was_stopped = caught_interrupt() != 0;
  save(report, made.model_of(report));
  out.write(options.json ? new_json(report) : new_table(report));
  return interrupt_status();
}

constexpr char kNewExamples[] = R"(Examples:
  microgpt new towns.txt                      settings, training, a report, all in out
  microgpt new towns.txt --out towns --seeds 1
  microgpt new towns.txt --n-embd 32 --num-steps 5000
  microgpt sample out -n 20                   more of what the model writes
  microgpt export out --to python > towns.py  the model in a program of its own)";

}  // namespace

Command new_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "new",
      "From a list to a model: look at the list, choose settings, hold documents out, train from\n"
      "several seeds until the held-out loss gets no better, keep the best model, and say how "
      "good\n"
      "it is, beside what counts alone predict, and how much of what it writes is copied.");
  const auto options = std::make_shared<NewOptions>();
  add_value(app, "FILE", &options->file, "", "", "documents, one a line; names or embedded")
      ->required();
  add_value(app, "--seeds", &options->seeds, "N", "1 to 1000", "trainings to choose from");
  add_value(app, "--seed", &options->first_seed, "N", "0 to 18446744073709551615",
            "of the first; the others have those that follow");
  add_value(app, "--held-out", &options->held_out, "X", "above 0 and below 1",
            "share of the documents to judge by");
  app.add_flag("--by-rows", options->by_rows,
               "split by lines, copies on both sides: to see how wrong that goes");
  add_value(app, "--patience", &options->fit.patience, "N", "1 or more",
            "stop after so many of 20 looks at the held-out loss that were no better");
  app.add_flag("--keep-last", options->fit.keep_last,
               "keep the model of the last step, and never stop early");
  add_value(app, "--samples", &options->samples, "N", "1 to 1000000",
            "documents to write at each temperature");
  app.add_flag("--json", options->json, "print JSON, see docs/your-own-list.md");
  for (const Setting& setting : all_settings()) {
    const bool taken = std::ranges::find(kNewSettings, setting.key) != kNewSettings.end();
    if (taken) add_setting(app, setting, options->flags);
  }
  app.footer(kNewExamples);
  return {&app, [options](Output& out) { return run_new(*options, out); }};
}

}  // namespace microgpt
