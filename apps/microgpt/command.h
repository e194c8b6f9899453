// The subcommands of the program. Each adds its options to the program and says how it is run.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/machine.h"
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

// What computes a saved model.
struct EngineChoice {
  std::string name;  // empty: the model's own
  int threads = processors();
};
void add_engine(CLI::App& app, EngineChoice& choice);

// An engine with the model's parameters, which are dropped: they are needed once only. Without a
// choice it is the engine that trained the model, or the default one where this build lacks that.
// Throws Error: see make_engine.
std::unique_ptr<Engine> take_engine(const EngineChoice& choice, Model& model);

Command check_command(CLI::App& program);
Command train_command(CLI::App& program);
Command sample_command(CLI::App& program);
Command info_command(CLI::App& program);
Command eval_command(CLI::App& program);
Command export_command(CLI::App& program);
Command new_command(CLI::App& program);
Command trace_command(CLI::App& program);
Command graph_command(CLI::App& program);
Command explain_command(CLI::App& program);
Command ladder_command(CLI::App& program);
Command conform_command(CLI::App& program);
Command diff_command(CLI::App& program);
Command bot_command(CLI::App& program);
Command audit_command(CLI::App& program);
Command ablate_command(CLI::App& program);
Command grade_command(CLI::App& program);
Command lab_command(CLI::App& program);
Command bench_command(CLI::App& program);
Command completion_command(CLI::App& program);
Command man_command(CLI::App& program);

}  // namespace microgpt
