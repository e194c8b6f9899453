// The subcommands of the program. Each adds its options to the program and says how it is run.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "output.h"
#include "target.h"

namespace microgpt {

struct Command {
  CLI::App* options;
  // Returns the exit status. Throws Error, UsageError and BrokenPipe.
  std::function<int(Output&)> run;
};

// Adds an option that parse_value reads into the target, whose value so far is shown as default.
//   type: how --help calls its values: choices in small letters and placeholders in capitals,
//   "FILE|names|embedded", from which the completions are made too.
CLI::Option* add_value(CLI::App& app, const std::string& names, Target target,
                       const std::string& type, const std::string& expected,
                       const std::string& help);

// The options that several commands have.
void add_model(CLI::App& app, std::string& path);
void add_engine(CLI::App& app, std::string& engine);

Command train_command(CLI::App& program);
Command sample_command(CLI::App& program);
Command info_command(CLI::App& program);
Command eval_command(CLI::App& program);
Command completion_command(CLI::App& program);
Command man_command(CLI::App& program);

}  // namespace microgpt
