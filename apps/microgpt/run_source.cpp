#include "run_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "input.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;

RunSource of_model(const std::string& kind, Model model, const std::string& file) {
  if (!model.provenance) {
    throw Error(fmt::format(
        "{}: does not say how it was trained, expected a model with a provenance, as microgpt "
        "train saves one",
        file));
  }
  RunSource run;
  run.kind = kind;
  run.data_sha256 = model.provenance->data_sha256;
  run.steps = model.provenance->step;
  run.saved.push_back({file, std::move(model.state)});
  run.settings = settings_of({std::move(model), {}, {}});
  return run;
}

RunSource of_folder(const std::string& path) {
  RunSource run = of_model("folder", read_model(path), (fs::path(path) / kModelFile).string());
  const fs::path training = fs::path(path) / kTrainingFile;
  if (fs::exists(training)) {
    run.saved.push_back({training.string(), read_run(path).model.state});
  }
  return run;
}

RunSource of_settings(const std::string& path, const std::string& json) {
  RunSource run;
  run.kind = "settings";
  run.settings = default_settings(Edition::kFinal);
  apply_config(json, path, *run.settings);
  run.settings->check();
  run.steps = run.settings->train.num_steps;
  if (run.settings->stop_after > 0) run.steps = std::min(run.steps, run.settings->stop_after);
  return run;
}

RunSource of_log(const std::string& path, const std::string& bytes) {
  RunSource run;
  run.kind = "log";
  run.log = parse_loss_log(bytes, path);
  run.steps = run.log.losses.rbegin()->first;
  return run;
}

RunSource of_file(const std::string& path, const std::string& bytes) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || bytes[first] != '{') return of_log(path, bytes);
  const auto object = nlohmann::json::parse(bytes, nullptr, false);
  if (object.contains("state_dict")) return of_model("model", parse_model(bytes, path), path);
  const bool is_lines =
      object.is_discarded();  // of JSON, or cut short: the log's reader says where
  const bool is_log = is_lines || object.contains("loss") || object.contains("losses") ||
                      object.contains("losses_hex");
  return is_log ? of_log(path, bytes) : of_settings(path, bytes);
}

// The first of the run's own data and `data` that can be had and is what the run has learned from.
std::string choose_data(const RunSource& run, const std::string& data) {
  const Settings& settings = *run.settings;
  std::vector<std::string> candidates = {settings.data};  // empty: microgpt.py's input.txt or names
  if (!data.empty() && settings.data.empty()) candidates.clear();
  if (!data.empty()) candidates.push_back(data);
  std::string wrong;
  for (const std::string& candidate : candidates) {
    try {
      const LoadedData loaded = load_data(candidate, settings.encoding, settings.sequences);
      const std::string& sha256 = loaded.dataset.sha256();
      if (run.data_sha256.empty() || sha256 == run.data_sha256) return candidate;
      wrong = fmt::format("{} is another file, expected SHA-256 {}, got {}", loaded.origin,
                          run.data_sha256, sha256);
    } catch (const Error& error) {
      wrong = error.what();
    }
  }
  throw Error(fmt::format("{}: the data of this run can't be had, {}; --data FILE says where it is",
                          run.path, wrong));
}

}  // namespace

RunSource read_run_source(const std::string& path) {
  RunSource run = fs::is_directory(path) ? of_folder(path) : of_file(path, read_bytes(path));
  run.path = path;
  return run;
}

Training replay_of(const RunSource& run, const std::string& data) {
  Settings settings = run.settings.value();
  settings.data = choose_data(run, data);
  return start_training(settings);
}

}  // namespace microgpt
