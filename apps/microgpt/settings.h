// The settings of `microgpt train`. One table drives the flags, the config file and --print-config.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/check.h"
#include "microgpt/checkpoint.h"
#include "microgpt/config.h"
#include "target.h"

namespace microgpt {

struct Settings {
  Config config;  // vocab_size comes from the data
  TrainConfig train;
  double temperature = 0.5;
  int num_samples = 20;
  std::string engine;  // empty: default_engine's
  int threads = 1;
  std::string data;  // a file, "names" or "embedded"; empty: input.txt or names
  Encoding encoding = Encoding::kUtf8;
  Sequences sequences = Sequences::kDocuments;
  TokenKind tokens = TokenKind::kCodepoint;
  std::string out = "out";
  std::int64_t save_every = 0;  // 0: only at the end
  std::int64_t stop_after = 0;  // 0: don't
  std::string log;              // empty: none
  bool quiet = false;

  // Throws Error: a value is not in its range, as far as that can be told without data.
  void check() const;

  bool operator==(const Settings&) const = default;
};

Settings default_settings(Edition edition);

// What a saved run was made with.
Settings settings_of(const TrainingRun& run);

// What is suggested for a list, and otherwise what is usual.
Settings settings_of(const Suggestion& suggestion);

struct Setting {
  const char* key;  // as in microgpt.py and in config files; its flag is --key with dashes
  const char* group;
  const char* type;  // how --help calls its values
  const char* help;
  const char* expected;  // for messages
  bool fixed;            // can't change when a run is resumed
  Target (*target)(Settings&);
};

std::span<const Setting> all_settings();

std::string flag_of(const Setting& setting);

std::string format_value(const Setting& setting, const Settings& settings);

// A value for a setting, not yet parsed.
struct Assignment {
  const Setting* setting;
  std::string where;  // for messages
  std::string value;
};

// The assignments in a config file: a JSON object of at most 1 MiB.
// Throws Error starting with "where: ": it is not that, or a key is unknown or stands twice, or a
// value is not of its setting's kind.
std::vector<Assignment> parse_config(std::string_view json, const std::string& where);

// Makes the assignments in their order. An edition other than that of the settings is taken first
// and resets them to its defaults. Throws Error: a value can't be parsed.
void assign(Settings& settings, std::span<const Assignment> assignments);

// parse_config and assign. On an error the settings stay as they were.
void apply_config(std::string_view json, const std::string& where, Settings& settings);

// The text of a config file that makes these settings.
std::string print_config(const Settings& settings);

// Throws Error: the two differ in a setting that is fixed once a run has begun.
void check_same_run(const Settings& run, const Settings& wanted, const std::string& where);

}  // namespace microgpt
