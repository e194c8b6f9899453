// The program microgpt: finds the command, runs it, and turns what it throws into an exit status.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "command.h"
#include "message.h"
#include "microgpt/version.h"
#include "option_tree.h"
#include "output.h"
#include "target.h"

namespace microgpt {
namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

// A file opened while a standard stream is closed would get its number, and what is meant for the
// stream would go into the file. Standard output gets one that can't be written, to be told so.
void occupy_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) < 0) {
      open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

// microgpt.py's first edition spells its flags --n_embd.
std::string with_dashes(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  std::replace(
      argument.begin(),
      argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size())),
      '_', '-');
  return argument;
}

// In reverse, as CLI11 takes them.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  std::transform(arguments.begin(), end, arguments.begin(), with_dashes);
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

// CLI11's, but for the list of commands, where the first line of each is enough.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream line;
    CLI::detail::format_help(line, command->get_name(), summary_of(*command), get_column_width());
    return line.str();
  }
};

// Wrong usage is followed by where to find the right one.
int report_usage_error(const std::string& message, const CLI::App& program) {
  const auto commands = program.get_subcommands();
  const std::string command = commands.empty() ? "" : commands.front()->get_name() + " ";
  print_error(fmt::format("{}\nTry 'microgpt {}--help'.", message, command));
  return kExitUsage;
}

int run_command(const std::vector<Command>& commands, const CLI::App& program, Output& out) {
  for (const Command& command : commands) {
    if (!command.options->parsed()) continue;
    const int status = command.run(out);
    out.flush();
    return status;
  }
  print_note(program.help());
  return kExitUsage;
}

// Of the arguments that no option took, the one that is to blame: a flag, and not its value.
std::string first_flag(const std::vector<std::string>& arguments) {
  const auto flag = std::ranges::find_if(
      arguments, [](const std::string& argument) { return argument.starts_with('-'); });
  return flag == arguments.end() ? arguments.front() : *flag;
}

constexpr char kExamples[] = R"(Examples:
  microgpt train                  what microgpt.py does
  microgpt sample out             names from the model that it left in the folder out
  microgpt train --help           more about a command)";

int parse_and_run(int argc, char** argv, Output& out) {
  CLI::App program(
      "A GPT small enough to read, trained and sampled to the last bit as microgpt.py does.\n"
      "Train a model with it, look at what it has learned, and let it make up names.",
      "microgpt");
  program.set_help_flag("-h,--help", "print this help");
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program.set_version_flag("--version", fmt::format("microgpt {}", version()), "print the version");
  program.formatter(std::make_shared<HelpFormatter>());
  program.get_formatter()->column_width(30);
  program.get_formatter()->label("SUBCOMMAND", "COMMAND");
  program.get_formatter()->label("REQUIRED", "");
  program.require_subcommand(0, 1);
  program.footer(kExamples);
  const std::vector<Command> commands = {
      check_command(program),   new_command(program),        train_command(program),
      sample_command(program),  info_command(program),       eval_command(program),
      ablate_command(program),  export_command(program),     trace_command(program),
      graph_command(program),   explain_command(program),    ladder_command(program),
      conform_command(program), diff_command(program),       bot_command(program),
      audit_command(program),   grade_command(program),      lab_command(program),
      bench_command(program),   completion_command(program), man_command(program),
  };
  for (const Command& command : commands) command.options->group("Commands");
  try {
    program.parse(arguments_of(argc, argv));
    return run_command(commands, program, out);
  } catch (const CLI::CallForHelp&) {
    out.write(program.help());
  } catch (const CLI::CallForVersion& call) {
    out.write(fmt::format("{}\n", call.what()));
  } catch (const CLI::ExtrasError&) {
    return report_usage_error(
        fmt::format("unknown argument '{}'", first_flag(program.remaining(true))), program);
  } catch (const CLI::ParseError& error) {
    return report_usage_error(error.what(), program);
  } catch (const UsageError& error) {
    return report_usage_error(error.what(), program);
  }
  out.flush();
  return 0;
}

int guarded_main(int argc, char** argv) {
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Output out(STDOUT_FILENO, "standard output");
    return parse_and_run(argc, argv, out);
  } catch (const BrokenPipe&) {
    return 128 + SIGPIPE;
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
  } catch (const std::exception& error) {
    print_error(error.what());
  }
  return kExitError;
}

}  // namespace
}  // namespace microgpt

int main(int argc, char** argv) { return microgpt::guarded_main(argc, argv); }
