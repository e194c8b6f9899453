#include "settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "microgpt/engine.h"
#include "microgpt/machine.h"
#include "microgpt/sampler.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxConfigBytes = 1 << 20;

constexpr char kModel[] = "Model";
constexpr char kTraining[] = "Training";
constexpr char kSampling[] = "Sampling";
constexpr char kFiles[] = "Data and files";

// Written so that a row fits a line: the target of a member of Settings.
#define MICROGPT_TARGET(member) [](Settings& s) -> Target { return &s.member; }

constexpr Setting kSettings[] = {
    {"edition", kModel, "", "edition of microgpt.py to follow", "", true,
     MICROGPT_TARGET(train.edition)},
    {"n_embd", kModel, "N", "width of the residual stream", "1 or more", true,
     MICROGPT_TARGET(config.n_embd)},
    {"n_head", kModel, "N", "attention heads; must divide n_embd", "1 or more", true,
     MICROGPT_TARGET(config.n_head)},
    {"n_layer", kModel, "N", "layers", "1 or more", true, MICROGPT_TARGET(config.n_layer)},
    {"block_size", kModel, "N", "longest sequence, in positions", "1 or more", true,
     MICROGPT_TARGET(config.block_size)},
    {"activation", kModel, "", "of the MLP", "", true, MICROGPT_TARGET(config.activation)},
    {"init_std", kModel, "X", "standard deviation of the first parameters", "0 or more", true,
     MICROGPT_TARGET(train.init_std)},
    {"seed", kModel, "N", "of shuffle, first parameters and samples", "0 to 18446744073709551615",
     true, MICROGPT_TARGET(train.seed)},
    {"num_steps", kTraining, "N", "updates of the parameters", "0 or more", false,
     MICROGPT_TARGET(train.num_steps)},
    {"batch_size", kTraining, "N", "documents or windows in one pass", "1 or more", false,
     MICROGPT_TARGET(train.batch_size)},
    {"grad_accum", kTraining, "N", "passes to one step, whose gradients are added", "1 or more",
     false, MICROGPT_TARGET(train.grad_accum)},
    {"learning_rate", kTraining, "X", "at the first step", "0 or more", false,
     MICROGPT_TARGET(train.learning_rate)},
    {"schedule", kTraining, "", "of the learning rate; linear falls to 0", "", false,
     MICROGPT_TARGET(train.schedule)},
    {"optimizer", kTraining, "", "update rule", "", false, MICROGPT_TARGET(train.optimizer)},
    {"beta1", kTraining, "X", "Adam's decay of the mean of gradients", "0 to below 1", false,
     MICROGPT_TARGET(train.beta1)},
    {"beta2", kTraining, "X", "Adam's decay of the mean of squares", "0 to below 1", false,
     MICROGPT_TARGET(train.beta2)},
    {"eps_adam", kTraining, "X", "added to Adam's denominator", "above 0", false,
     MICROGPT_TARGET(train.eps_adam)},
    {"engine", kTraining, "NAME", "what computes the model", "", false, MICROGPT_TARGET(engine)},
    {"threads", kTraining, "N", "threads to compute with", "1 to 1024", false,
     MICROGPT_TARGET(threads)},
    {"num_samples", kSampling, "N", "samples to print at the end", "0 or more", false,
     MICROGPT_TARGET(num_samples)},
    {"temperature", kSampling, "X", "of those samples; 0 takes the likeliest", "0 or more", false,
     MICROGPT_TARGET(temperature)},
    {"data", kFiles, "FILE|names|embedded", "documents, one a line; without: input.txt or names",
     "", false, MICROGPT_TARGET(data)},
    {"encoding", kFiles, "", "of the data", "", true, MICROGPT_TARGET(encoding)},
    {"sequences", kFiles, "", "to learn: documents, or windows of one running text", "", true,
     MICROGPT_TARGET(sequences)},
    {"tokens", kFiles, "", "what the text is cut into", "", true, MICROGPT_TARGET(tokens)},
    {"out", kFiles, "DIR", "folder to save the run in", "", false, MICROGPT_TARGET(out)},
    {"save_every", kFiles, "N", "save after every N steps too", "0 or more", false,
     MICROGPT_TARGET(save_every)},
    {"stop_after", kFiles, "N", "pause after step N, to be resumed", "0 or more", false,
     MICROGPT_TARGET(stop_after)},
    {"log", kFiles, "FILE", "write one JSON object for each step", "", false, MICROGPT_TARGET(log)},
    {"quiet", kFiles, "", "nothing on standard error but errors", "", false,
     MICROGPT_TARGET(quiet)},
};

#undef MICROGPT_TARGET

// Levenshtein's: insertions, deletions and replacements that turn a into b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

const Setting& find_setting(const std::string& key, const std::string& where) {
  // A longer key is no slip of the hand, and comparing it would take quadratic time.
  constexpr std::size_t kLongestTypo = 40;
  const auto found =
      std::ranges::find_if(kSettings, [&](const Setting& setting) { return key == setting.key; });
  if (found != std::end(kSettings)) return *found;
  if (key.size() > kLongestTypo) {
    throw Error(fmt::format("{}: unknown key '{}...'", where, key.substr(0, kLongestTypo)));
  }
  const Setting& nearest = *std::ranges::min_element(
      kSettings, {}, [&](const Setting& setting) { return edit_distance(key, setting.key); });
  throw Error(fmt::format("{}: unknown key '{}'; did you mean '{}'?", where, key, nearest.key));
}

// Why nlohmann-json gave up, without its prefix "[json.exception.parse_error.101] ".
std::string reason(const nlohmann::json::exception& error) {
  const std::string_view text = error.what();
  const std::size_t bracket = text.find("] ");
  return std::string(bracket == std::string_view::npos ? text : text.substr(bracket + 2));
}

// Parses an object with no object or array in it and no key twice.
Json parse_flat_object(std::string_view json, const std::string& where) {
  if (json.starts_with("\xef\xbb\xbf") || json.find('\0') != std::string_view::npos) {
    throw Error(fmt::format("{}: not JSON, has a byte-order mark or a NUL byte", where));
  }
  std::map<std::string, int> seen;
  std::string key;
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::key) {
      key = value.get<std::string>();
      if (++seen[key] > 1) throw Error(fmt::format("{}: key '{}' stands twice", where, key));
    } else if (depth > 0 && (event == Json::parse_event_t::object_start ||
                             event == Json::parse_event_t::array_start)) {
      throw Error(fmt::format("{}: {}: expected a single value, got an object or array", where,
                              key.empty() ? "the file" : key));
    }
    return true;
  };
  try {
    Json object = Json::parse(json, check);
    if (!object.is_object()) {
      throw Error(fmt::format("{}: expected a JSON object, got {}", where, object.type_name()));
    }
    return object;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: not JSON, {}", where, reason(error)));
  }
}

// The text of a JSON value for parse_value. Throws Error: it is not of the setting's kind.
std::string text_of(const Json& value, const Target& target, const std::string& where) {
  const bool wants_bool = std::holds_alternative<bool*>(target);
  const bool wants_text = std::holds_alternative<std::string*>(target) || !choices(target).empty();
  const char* const wanted = wants_bool ? "true or false" : wants_text ? "a string" : "a number";
  const bool fits = wants_bool   ? value.is_boolean()
                    : wants_text ? value.is_string()
                                 : value.is_number();
  if (!fits) throw Error(fmt::format("{}: expected {}, got {}", where, wanted, value.dump()));
  if (wants_text) return value.get<std::string>();
  return value.dump();
}

Json json_of(const Target& target) {
  return std::visit(
      [](const auto* variable) -> Json {
        using Value = std::remove_cvref_t<decltype(*variable)>;
        if constexpr (std::is_enum_v<Value>) {
          return to_string(*variable);
        } else if constexpr (std::is_same_v<Value, std::optional<int>>) {
          return *variable ? Json(**variable) : Json();
        } else {
          return *variable;
        }
      },
      target);
}

Target target_of(const Setting& setting, const Settings& settings) {
  return setting.target(const_cast<Settings&>(settings));  // to be read only
}

}  // namespace

void Settings::check() const {
  Config any_vocabulary = config;
  any_vocabulary.vocab_size = 2;
  any_vocabulary.check();
  train.check();
  SampleConfig{.temperature = temperature}.check();
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(
        fmt::format("threads: out of range, expected 1 to {}, got {}", kMaxThreads, threads));
  }
  if (num_samples < 0) {
    throw Error(fmt::format("num_samples: expected 0 or more, got {}", num_samples));
  }
  if (save_every < 0) {
    throw Error(fmt::format("save_every: expected 0 or more, got {}", save_every));
  }
  if (stop_after < 0) {
    throw Error(fmt::format("stop_after: expected 0 or more, got {}", stop_after));
  }
  if (out.empty()) throw Error("out: expected the name of a folder, got an empty text");
}

Settings default_settings(Edition edition) {
  Settings settings;
  settings.config = default_config(edition);
  settings.train = default_train_config(edition);
  settings.threads = processors();
  if (edition == Edition::kFirst) settings.num_samples = 5;
  return settings;
}

Settings settings_of(const TrainingRun& run) {
  const Provenance& provenance = run.model.provenance.value();
  Settings settings = default_settings(provenance.train.edition);
  settings.config = run.model.config;
  settings.train = provenance.train;
  settings.engine = provenance.engine;
  settings.data = provenance.data;
  settings.encoding = provenance.encoding;
  settings.sequences = provenance.sequences;
  settings.tokens = run.model.tokenizer.kind();
  settings.temperature = run.temperature;
  settings.num_samples = run.num_samples;
  return settings;
}

Settings settings_of(const Suggestion& suggestion) {
  Settings settings = default_settings(Edition::kFinal);
  settings.config = suggestion.config;
  settings.train = suggestion.train;
  settings.engine = suggestion.engine;
  settings.tokens = suggestion.tokens;
  return settings;
}

std::span<const Setting> all_settings() { return kSettings; }

std::string flag_of(const Setting& setting) {
  std::string flag = fmt::format("--{}", setting.key);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

std::string format_value(const Setting& setting, const Settings& settings) {
  return format_value(target_of(setting, settings));
}

std::vector<Assignment> parse_config(std::string_view json, const std::string& where) {
  if (json.size() > kMaxConfigBytes) {
    throw Error(fmt::format("{}: expected at most {} bytes, got more", where, kMaxConfigBytes));
  }
  Settings kinds;
  std::vector<Assignment> assignments;
  const Json object = parse_flat_object(json, where);
  for (const auto& [key, value] : object.items()) {
    const Setting& setting = find_setting(key, where);
    const std::string at = fmt::format("{}: {}", where, key);
    assignments.push_back({&setting, at, text_of(value, setting.target(kinds), at)});
  }
  return assignments;
}

void assign(Settings& settings, std::span<const Assignment> assignments) {
  Settings changed = settings;
  const auto make = [&](const Assignment& a) {
    parse_value(a.value, a.setting->target(changed), a.where, a.setting->expected);
  };
  for (const Assignment& a : assignments) {
    if (std::string_view(a.setting->key) == "edition") make(a);
  }
  if (changed.train.edition != settings.train.edition) {
    changed = default_settings(changed.train.edition);
  }
  for (const Assignment& a : assignments) {
    if (std::string_view(a.setting->key) != "edition") make(a);
  }
  settings = changed;
}

void apply_config(std::string_view json, const std::string& where, Settings& settings) {
  assign(settings, parse_config(json, where));
}

std::string print_config(const Settings& settings) {
  Json object = Json::object();
  for (const Setting& setting : kSettings) {
    object[setting.key] = json_of(target_of(setting, settings));
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void check_same_run(const Settings& run, const Settings& wanted, const std::string& where) {
  for (const Setting& setting : kSettings) {
    const std::string before = format_value(setting, run), after = format_value(setting, wanted);
    if (setting.fixed && before != after) {
      throw Error(fmt::format("{}: {} is {} in this run and can't be changed, got {}", where,
                              setting.key, before, after));
    }
  }
}

}  // namespace microgpt
