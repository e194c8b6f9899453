#include "command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace microgpt {

namespace {

CLI::Option* add_option(CLI::App& app, const std::string& names, Target target,
                        const std::string& type, const std::string& expected,
                        const std::string& help) {
  const auto take = [target, names, expected](const std::string& text) {
    try {
      parse_value(text, target, names, expected);
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
  };
  return app.add_option_function<std::string>(names, take, help)->type_name(type);
}

}  // namespace

CLI::Option* add_value(CLI::App& app, const std::string& names, Target target,
                       const std::string& type, const std::string& expected,
                       const std::string& help) {
  const std::string value = format_value(target);
  const std::string shown = value.empty() ? help : fmt::format("{} (default {})", help, value);
  return add_option(app, names, target, type, expected, shown);
}

void add_model(CLI::App& app, std::string& path) {
  app.add_option("model", path, "a model.json or .safetensors, or the folder of a run")
      ->type_name("MODEL")
      ->required();
}

void add_engine(CLI::App& app, EngineChoice& choice) {
  add_value(app, "--engine", &choice.name, fmt::format("{}", fmt::join(engine_names(), "|")), "",
            "what computes the model (default: what trained it)");
  add_option(app, "--threads", &choice.threads, "N", fmt::format("1 to {}", kMaxThreads),
             "threads to compute with (default: one for each processor)");
}

std::unique_ptr<Engine> take_engine(const EngineChoice& choice, Model& model) {
  std::string name = choice.name;
  if (name.empty() && model.provenance) name = model.provenance->engine;
  const bool known = std::ranges::find(engine_names(), name) != engine_names().end();
  if (choice.name.empty() && !known) name = default_engine(model.config);
  auto engine = make_engine(name, model.config, {.threads = choice.threads});
  engine->load(model.state);
  model.state = {};
  return engine;
}

}  // namespace microgpt
