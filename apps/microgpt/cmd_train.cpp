// microgpt train: what microgpt.py does, and stopping, resuming and saving besides.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "command.h"
#include "input.h"
#include "interrupt.h"
#include "message.h"
#include "setting_options.h"
#include "train_session.h"

namespace microgpt {
namespace {

struct TrainOptions {
  std::vector<Assignment> flags;
  std::string config;
  std::string resume;
  bool print_config = false;
};

std::string read_config(const std::string& path) {
  return read_bytes(path, (std::size_t{1} << 20) + 1);  // one more than parse_config takes
}

// What belongs to a run and not to a recipe: a resumed one keeps its data, its engine and its
// folder unless a flag says otherwise.
bool belongs_to_run(const Assignment& assignment) {
  const std::string_view key = assignment.setting->key;
  return key == "out" || ((key == "data" || key == "engine") && assignment.value.empty());
}

// The config file's assignments, then the flags': a flag comes last, and wins.
std::vector<Assignment> all_assignments(const TrainOptions& options) {
  std::vector<Assignment> assignments;
  if (!options.config.empty()) {
    assignments = parse_config(read_config(options.config), options.config);
  }
  if (!options.resume.empty()) std::erase_if(assignments, belongs_to_run);
  assignments.insert(assignments.end(), options.flags.begin(), options.flags.end());
  return assignments;
}

Settings resumed_settings(const TrainOptions& options, const TrainingRun& run) {
  const Settings before = settings_of(run);
  Settings settings = before;
  settings.out = options.resume;
  assign(settings, all_assignments(options));
  check_same_run(before, settings, options.resume);
  settings.check();
  return settings;
}

Settings new_settings(const TrainOptions& options) {
  Settings settings = default_settings(Edition::kFinal);
  assign(settings, all_assignments(options));
  settings.check();
  return settings;
}

// Whether two names mean one file, which need not exist.
bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto full = [&](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(path, ignored), ignored);
  };
  return fs::equivalent(a, b, ignored) || full(a) == full(b);
}

// The log is written from the start, over what was there.
void check_log(const Training& training, const TrainOptions& options) {
  namespace fs = std::filesystem;
  const fs::path log = training.settings.log, out = training.settings.out;
  std::vector<fs::path> files = {out / kModelFile, out / kTrainingFile};
  if (!options.config.empty()) files.push_back(options.config);
  const fs::path data = training.data.provenance;
  if (data.is_absolute()) files.push_back(data);  // else it is no file, but "names" or "embedded"
  for (const fs::path& file : files) {
    if (!is_same_file(log, file)) continue;
    throw Error(fmt::format("--log {}: is a file of this run, expected another", log.string()));
  }
}

int run_train(const TrainOptions& options, Output& out) {
  parse_flags(options.flags);
  std::optional<TrainingRun> saved;
  if (!options.resume.empty()) saved = read_run(options.resume);
  const Settings settings = saved ? resumed_settings(options, *saved) : new_settings(options);
  if (options.print_config) {
    out.write(print_config(settings));
    return 0;
  }
  Training training =
      saved ? resume_training(settings, *saved, options.resume) : start_training(settings);
  saved.reset();
  if (!settings.log.empty()) check_log(training, options);
  TrainSession session(std::move(training), out);
  catch_interrupts();
  session.print_header();
  session.run();
  const bool interrupted = caught_interrupt() != 0;
  if (session.done() && !interrupted) session.print_samples();
  session.say_where_it_was_saved();
  return interrupt_status();
}

// An empty path would mean that the flag was not given, and a mistake in a script a new run.
CLI::Option* add_path(CLI::App& app, const std::string& flag, std::string& path,
                      const std::string& type, const std::string& help) {
  const auto take = [&path, flag](const std::string& value) {
    if (value.empty()) throw UsageError(flag + ": expected a path, got an empty text");
    path = value;
  };
  return app.add_option_function<std::string>(flag, take, help)->type_name(type);
}

constexpr char kTrainExamples[] = R"(Examples:
  microgpt train                              the 1,000 steps and 20 names of microgpt.py
  microgpt train --data towns.txt --out towns documents of your own, one a line
  microgpt train --stop-after 400             pause, and
  microgpt train --resume out                 go on as if there had been no pause
  microgpt train --batch-size 16              sixteen documents a step
  microgpt train --data book.txt --sequences windows --block-size 64 --batch-size 12
  microgpt train --edition first > run.txt    the first edition, byte for byte
  microgpt train --n-layer 2 --print-config > big.json
  microgpt train --config big.json            settings from a file; flags override them)";

}  // namespace

Command train_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "train",
      "Train a model on documents, one a line, and print what microgpt.py prints.\n"
      "The model and all that is needed to go on are saved in a folder.");
  const auto options = std::make_shared<TrainOptions>();
  for (const Setting& setting : all_settings()) add_setting(app, setting, options->flags);
  add_path(app, "--resume", options->resume, "DIR", "go on with the run saved in this folder")
      ->group("Runs and settings");
  add_path(app, "--config", options->config, "FILE",
           "read settings from a JSON file; flags override it")
      ->group("Runs and settings");
  app.add_flag("--print-config", options->print_config, "print the settings as JSON and stop")
      ->group("Runs and settings");
  app.footer(kTrainExamples);
  return {&app, [options](Output& out) { return run_train(*options, out); }};
}

}  // namespace microgpt
