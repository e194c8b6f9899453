// The program's subcommands and options as CLI11 holds them, for those that write about them.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace microgpt {

struct OptionView {
  std::vector<std::string> names;  // "-n", "--num-samples"; none where it is given by position
  std::string type;                // as in --help; empty: a flag without a value
  std::vector<std::string> choices;
  bool takes_file = false;
  bool takes_folder = false;
  std::string group;
  std::string help;
};

std::vector<OptionView> options_of(const CLI::App& app);
std::vector<const CLI::App*> commands_of(const CLI::App& program);

// The first line of what a command does.
std::string summary_of(const CLI::App& app);

}  // namespace microgpt
