#include "command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "microgpt/engine.h"

namespace microgpt {

CLI::Option* add_value(CLI::App& app, const std::string& names, Target target,
                       const std::string& type, const std::string& expected,
                       const std::string& help) {
  const std::string value = format_value(target);
  const std::string shown = value.empty() ? help : fmt::format("{} (default {})", help, value);
  const auto take = [target, names, expected](const std::string& text) {
    try {
      parse_value(text, target, names, expected);
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
  };
  return app.add_option_function<std::string>(names, take, shown)->type_name(type);
}

void add_model(CLI::App& app, std::string& path) {
  app.add_option("model", path, "a model.json, or the folder of a run")
      ->type_name("MODEL")
      ->required();
}

void add_engine(CLI::App& app, std::string& engine) {
  engine = engine_names().front();
  add_value(app, "--engine", &engine, fmt::format("{}", fmt::join(engine_names(), "|")), "",
            "what computes the model");
}

}  // namespace microgpt
