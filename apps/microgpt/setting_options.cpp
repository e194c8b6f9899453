#include "setting_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "message.h"
#include "microgpt/engine.h"

namespace microgpt {
namespace {

// What a setting is and what it is when not given: "... (default 16; first edition 8)".
std::string describe(const Setting& setting) {
  const std::string_view key = setting.key;
  if (key == "engine") {
    return fmt::format(
        "{} (default: exact for up to {} parameters and one sequence a step, else cpu)",
        setting.help, grouped(kSmallModel));
  }
  if (key == "threads") return fmt::format("{} (default: one for each processor)", setting.help);
  const std::string value = format_value(setting, default_settings(Edition::kFinal));
  const std::string first = format_value(setting, default_settings(Edition::kFirst));
  const bool off = value.empty() || value == "false" || value == "0";
  if (off) return setting.help;
  if (first == value || first == "first") {
    return fmt::format("{} (default {})", setting.help, value);
  }
  return fmt::format("{} (default {}; first edition {})", setting.help, value, first);
}

// How --help calls the values of a setting; the completions read names from it.
std::string type_of(const Setting& setting) {
  Settings settings;
  if (std::string_view(setting.key) == "engine") {
    return fmt::format("{}", fmt::join(engine_names(), "|"));
  }
  const std::string names = choices(setting.target(settings));
  return names.empty() ? setting.type : names;
}

}  // namespace

void add_setting(CLI::App& app, const Setting& setting, std::vector<Assignment>& flags) {
  const std::string flag = flag_of(setting);
  const std::string help = describe(setting);
  const auto take = [&flags, &setting, flag](const std::string& value) {
    flags.push_back({&setting, flag, value});
  };
  Settings settings;
  if (std::holds_alternative<bool*>(setting.target(settings))) {
    app.add_flag_callback(
           flag, [take] { take("true"); }, help)
        ->group(setting.group);
  } else {
    app.add_option_function<std::string>(flag, take, help)
        ->type_name(type_of(setting))
        ->group(setting.group);
  }
}

Settings parse_flags(const std::vector<Assignment>& flags) {
  Settings settings = default_settings(Edition::kFinal);
  try {
    assign(settings, flags);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return settings;
}

}  // namespace microgpt
