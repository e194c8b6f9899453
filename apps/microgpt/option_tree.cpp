#include "option_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>

namespace microgpt {
namespace {

// Reads a type like "FILE|names|embedded": words in capitals stand for something.
void read_type(const std::string& type, OptionView& view) {
  std::istringstream words(type);
  for (std::string word; std::getline(words, word, '|');) {
    if (word == "FILE" || word == "MODEL") view.takes_file = true;
    if (word == "DIR" || word == "MODEL") view.takes_folder = true;
    if (std::ranges::any_of(word, [](unsigned char c) { return std::islower(c); })) {
      view.choices.push_back(word);
    }
  }
}

OptionView view_of(const CLI::Option& option) {
  OptionView view;
  for (const std::string& name : option.get_snames()) view.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) view.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) view.type = option.get_type_name();
  view.group = option.get_group();
  view.help = option.get_description();
  read_type(view.type, view);
  return view;
}

}  // namespace

std::vector<OptionView> options_of(const CLI::App& app) {
  std::vector<OptionView> views;
  for (const CLI::Option* option : app.get_options()) views.push_back(view_of(*option));
  return views;
}

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

std::string summary_of(const CLI::App& app) {
  const std::string text = app.get_description();
  return text.substr(0, text.find('\n'));
}

}  // namespace microgpt
