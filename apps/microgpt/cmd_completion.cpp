// microgpt completion: what a shell needs to complete the program's command lines.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "option_tree.h"

namespace microgpt {
namespace {

// The text with a backslash before each character of a set.
std::string escaped(const std::string& text, std::string_view characters) {
  std::string result;
  for (const char c : text) {
    if (characters.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

// In single quotes, as bash and zsh take them.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::vector<std::string> names_of_commands(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(program)) names.push_back(command->get_name());
  return names;
}

std::string flags_of(const std::vector<OptionView>& options) {
  std::vector<std::string> flags;
  for (const OptionView& option : options) {
    flags.insert(flags.end(), option.names.begin(), option.names.end());
  }
  return fmt::format("{}", fmt::join(flags, " "));
}

std::string bash_values(const OptionView& option) {
  std::string words = fmt::format("-W '{}'", fmt::join(option.choices, " "));
  // -f offers folders too.
  if (option.takes_file) {
    words += " -f";
  } else if (option.takes_folder) {
    words += " -d";
  }
  return words;
}

// One case for each option with a value, and one for all else: flags, or what stands by position,
// wherever that is.
std::string bash_cases(const std::string& command, const std::vector<OptionView>& options) {
  std::string cases;
  OptionView positional;
  for (const OptionView& option : options) {
    if (option.names.empty()) {
      positional.choices.insert(positional.choices.end(), option.choices.begin(),
                                option.choices.end());
      positional.takes_file |= option.takes_file;
      positional.takes_folder |= option.takes_folder;
    }
    if (!option.names.empty() && !option.type.empty()) {
      cases += fmt::format("    '{0} {1}') arguments=({2}) ;;\n", command,
                           fmt::join(option.names, fmt::format("' | '{} ", command)),
                           bash_values(option));
    }
  }
  return cases + fmt::format(
                     "    '{0} '*)\n"
                     "      if [[ $cur == -* ]]; then arguments=(-W '{1}'); "
                     "else arguments=({2}); fi ;;\n",
                     command, flags_of(options), bash_values(positional));
}

std::string bash_script(const CLI::App& program) {
  std::string cases;
  for (const CLI::App* command : commands_of(program)) {
    cases += bash_cases(command->get_name(), options_of(*command));
  }
  return fmt::format(
      R"(# bash completion for microgpt. To use it: source <(microgpt completion bash)
_microgpt() {{
  local IFS=$' \t\n' cur=${{COMP_WORDS[COMP_CWORD]}} before=$((COMP_CWORD - 1))
  # bash makes --flag=value three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ ${{COMP_WORDS[before]}} == '=' ]]; then ((before--)); fi
  local arguments command=${{COMP_WORDS[1]}}
  if ((COMP_CWORD == 1)); then command=''; fi
  case "$command ${{COMP_WORDS[before]}}" in
{}    ' '*) arguments=(-W '{} {}') ;;
    *) return ;;
  esac
  local IFS=$'\n'
  COMPREPLY=($(IFS=$' \t\n'; compgen "${{arguments[@]}}" -- "$cur"))
}}
complete -o filenames -F _microgpt microgpt
)",
      cases, fmt::join(names_of_commands(program), " "), flags_of(options_of(program)));
}

std::string zsh_values(const OptionView& option) {
  if (option.type.empty()) return "";
  std::string action;
  if (!option.choices.empty()) action = fmt::format("({})", fmt::join(option.choices, " "));
  if (option.takes_folder) action = "_files -/";
  if (option.takes_file) action = "_files";
  if (option.takes_file && !option.choices.empty()) {
    action = fmt::format("{{compadd {}; _files}}", fmt::join(option.choices, " "));
  }
  return fmt::format(":{}:{}", escaped(option.type, ":"), action);
}

std::string zsh_arguments(const std::vector<OptionView>& options) {
  std::string text = "_arguments -C";
  int position = 0;
  for (const OptionView& option : options) {
    const std::string help = fmt::format("[{}]", escaped(option.help, "[]:\\"));
    for (const std::string& name : option.names) {
      text += " \\\n      " + quoted(name + help + zsh_values(option));
    }
    if (option.names.empty()) {
      text += " \\\n      " + quoted(fmt::format("{}{}", ++position, zsh_values(option)));
    }
  }
  return text;
}

std::string zsh_script(const CLI::App& program) {
  std::string commands, cases;
  for (const CLI::App* command : commands_of(program)) {
    commands += " " + quoted(command->get_name() + ":" + escaped(summary_of(*command), ":\\"));
    cases +=
        fmt::format("    {}) {} ;;\n", command->get_name(), zsh_arguments(options_of(*command)));
  }
  return fmt::format(
      R"(#compdef microgpt
# zsh completion for microgpt. To use it: microgpt completion zsh > a folder of $fpath/_microgpt
_microgpt() {{
  local curcontext="$curcontext" state line
  local -a commands=({})
  {} \
      '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ; return ;;
    argument) ;;
    *) return ;;
  esac
  case $words[1] in
{}  esac
}}
if [[ $funcstack[1] == _microgpt ]]; then _microgpt "$@"; else compdef _microgpt microgpt; fi
)",
      commands, zsh_arguments(options_of(program)), cases);
}

std::string fish_values(const OptionView& option) {
  if (option.type.empty()) return "";
  std::string text = option.takes_file || option.takes_folder ? " -r -F" : " -x";
  if (!option.choices.empty()) text += fmt::format(" -a '{}'", fmt::join(option.choices, " "));
  return text;
}

std::string fish_options(const std::string& condition, const std::vector<OptionView>& options) {
  std::string text;
  for (const OptionView& option : options) {
    text += fmt::format("complete -c microgpt -n '{}'", condition);
    for (const std::string& name : option.names) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    text += fish_values(option);
    text += fmt::format(" -d '{}'\n", escaped(option.help, "'\\"));
  }
  return text;
}

std::string fish_script(const CLI::App& program) {
  std::string text =
      "# fish completion for microgpt. To use it: microgpt completion fish | source\n"
      "complete -c microgpt -f\n" +
      fish_options("__fish_use_subcommand", options_of(program));
  for (const CLI::App* command : commands_of(program)) {
    text +=
        fmt::format("complete -c microgpt -n __fish_use_subcommand -a {} -d '{}'\n",
                    command->get_name(), escaped(summary_of(*command), "'\\")) +
        fish_options("__fish_seen_subcommand_from " + command->get_name(), options_of(*command));
  }
  return text;
}

std::string script_for(const std::string& shell, const CLI::App& program) {
  if (shell == "bash") return bash_script(program);
  if (shell == "zsh") return zsh_script(program);
  if (shell == "fish") return fish_script(program);
  throw UsageError(fmt::format("shell: expected bash, zsh or fish, got '{}'", shell));
}

constexpr char kCompletionExamples[] = R"(Examples:
  source <(microgpt completion bash)          in ~/.bashrc
  microgpt completion zsh > ~/.zfunc/_microgpt
  microgpt completion fish > ~/.config/fish/completions/microgpt.fish)";

}  // namespace

Command completion_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "completion",
      "Print a script that teaches a shell to complete microgpt's command lines.\n"
      "It knows the commands, their flags and the values of those.");
  const auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "the shell")->type_name("bash|zsh|fish")->required();
  app.footer(kCompletionExamples);
  return {&app, [shell, &program](Output& out) {
            out.write(script_for(*shell, program));
            return 0;
          }};
}

}  // namespace microgpt
