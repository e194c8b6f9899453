// microgpt man: the manual page, in roff.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <sstream>
#include <string>

#include "command.h"
#include "microgpt/version.h"
#include "option_tree.h"

namespace microgpt {
namespace {

// Text that roff shows as it stands: minus signs that can be copied, and no requests.
std::string roff(const std::string& text) {
  std::string result;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) result += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string tagged(const std::string& tag, const std::string& text) {
  return fmt::format(".TP\n{}\n{}\n", tag, roff(text));
}

std::string format_option(const OptionView& option) {
  std::string tag;
  for (const std::string& name : option.names) {
    tag += fmt::format("{}\\fB{}\\fR", tag.empty() ? "" : ", ", roff(name));
  }
  if (!option.type.empty()) {
    tag += fmt::format("{}\\fI{}\\fR", tag.empty() ? "" : " ", roff(option.type));
  }
  return tagged(tag, option.help);
}

// The lines of a footer under its heading "Examples:", as they stand.
std::string format_examples(const CLI::App& app) {
  const std::string text = app.get_footer();
  const std::size_t heading_end = text.find('\n');
  if (heading_end == std::string::npos) return "";
  return fmt::format(".PP\nExamples:\n.PP\n.nf\n{}\n.fi\n", roff(text.substr(heading_end + 1)));
}

std::string format_command(const CLI::App& app) {
  std::string usage = fmt::format("\\fBmicrogpt {}\\fR", app.get_name());
  for (const OptionView& option : options_of(app)) {
    if (option.names.empty()) usage += fmt::format(" \\fI{}\\fR", roff(option.type));
  }
  std::string text = fmt::format(".SS {} [options]\n{}\n", usage, roff(app.get_description()));
  for (const OptionView& option : options_of(app)) text += format_option(option);
  return text + format_examples(app);
}

std::string exit_statuses() {
  return ".SH EXIT STATUS\n" + tagged("0", "All went well.") +
         tagged("1", "An error; standard error says which.") +
         tagged("2", "The command line is wrong.") +
         tagged("3", "conform: the port is wrong. diff: the runs differ.") +
         tagged("129, 130, 143",
                "Stopped by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; the run is saved and can be "
                "resumed. A second signal ends the program at once.") +
         tagged("141", "Nobody reads standard output any more; the run is saved.");
}

std::string environment() {
  return ".SH ENVIRONMENT\n" +
         tagged("XDG_CACHE_HOME",
                "Where names.txt is kept, in the folder microgpt; else ~/.cache, "
                "on macOS ~/Library/Caches.") +
         tagged("MICROGPT_NAMES_URL",
                "Where names.txt is fetched from instead of GitHub; http and "
                "file are taken too. What comes must have the same SHA-256.");
}

std::string files() {
  return ".SH FILES\n" +
         tagged("input.txt", "The data, where --data is not given and the file exists.") +
         tagged("out/model.json", "The model: sizes, letters, parameters, and how it was made.") +
         tagged("out/training.safetensors",
                "What a resumed run needs besides: Adam's moments and the random numbers' state.");
}

std::string manual_page(const CLI::App& program) {
  std::string commands;
  for (const CLI::App* command : commands_of(program)) commands += format_command(*command);
  std::string options;
  for (const OptionView& option : options_of(program)) options += format_option(option);
  return fmt::format(
             ".TH MICROGPT 1 \"\" \"microgpt {}\" \"User Commands\"\n"
             ".SH NAME\nmicrogpt \\- {}\n"
             ".SH SYNOPSIS\n\\fBmicrogpt\\fR \\fIcommand\\fR [options]\n"
             ".SH DESCRIPTION\n{}\n{}",
             version(), roff("train and sample the GPT of microgpt.py, to the last bit"),
             roff(program.get_description()), options) +
         ".SH COMMANDS\n" + commands + exit_statuses() + environment() + files();
}

}  // namespace

Command man_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand("man",
                                          "Print the manual page.\n"
                                          "It is written in roff, which man(1) reads.");
  app.footer(R"(Examples:
  microgpt man | man -l -
  microgpt man > /usr/local/share/man/man1/microgpt.1)");
  return {&app, [&program](Output& out) {
            out.write(manual_page(program));
            return 0;
          }};
}

}  // namespace microgpt
