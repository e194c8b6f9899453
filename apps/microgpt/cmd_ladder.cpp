// microgpt ladder: programs to be read side by side, from counting letters to the whole GPT.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "data_source.h"
#include "line_diff.h"
#include "message.h"
#include "microgpt/error.h"
#include "rungs.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;

struct LadderOptions {
  std::string action;
  std::vector<std::string> programs;
  std::string data;
};

constexpr char kExpected[] = "0 to 5, micrograd or toy";

// A rung's number, or nothing.
std::optional<std::size_t> find_rung(const std::string& text) {
  for (std::size_t i = 0; i < rungs().size(); ++i) {
    if (text == std::to_string(i) || text == rungs()[i].name) return i;
  }
  return std::nullopt;
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const LadderProgram& rung : rungs()) all.push_back(rung.name);
  for (const LadderProgram& program : programs_beside()) all.push_back(program.name);
  return all;
}

std::string program_named(const std::string& text) {
  if (const auto rung = find_rung(text)) return std::string(rungs()[*rung].name);
  const auto all = names();
  if (std::ranges::find(all, text) != all.end()) return text;
  throw UsageError(fmt::format("ladder: no such program, expected {}, got '{}'", kExpected, text));
}

std::size_t rung_named(const std::string& text) {
  if (const auto rung = find_rung(text)) return *rung;
  throw UsageError(fmt::format("ladder diff: no such rung, expected 0 to 5, got '{}'", text));
}

void expect_programs(const LadderOptions& options, std::size_t count, const char* what) {
  if (options.programs.size() == count) return;
  throw UsageError(
      fmt::format("ladder {}: expected {}, got {}", options.action, what, options.programs.size()));
}

// ---- The list ----

void list(Output& out) {
  out.write(
      fmt::format("{:<9}  {:>10}  {:>6}  {}\n", "program", "parameters", "loss", "what is new"));
  for (const LadderProgram& rung : rungs()) {
    out.write(
        fmt::format("{:<9}  {:>10}  {:6.4f}  {}\n", rung.name,
                    rung.num_params == 0 ? "" : grouped(static_cast<std::size_t>(rung.num_params)),
                    rung.loss, rung.adds));
  }
  out.write("\nBeside it:\n");
  for (const LadderProgram& program : programs_beside()) {
    out.write(fmt::format("{:<9}  {}\n", program.name, program.adds));
  }
  out.write(
      "\nloss: the mean of the last 50 of 1,000 steps on names.txt; a guess among 27 has 3.2958\n");
}

// ---- Differences ----

// One line, coloured as diffs are.
std::string diff_line(char sign, std::string_view text, bool coloured) {
  const char* const colour = sign == '-' ? "31" : sign == '+' ? "32" : sign == '@' ? "36" : "";
  if (!coloured || *colour == '\0') return fmt::format("{}\n", text);
  return fmt::format("\x1b[{}m{}\x1b[0m\n", colour, text);
}

// Why the rungs after `from` up to `to` are as they are. Patches may begin with such text.
void write_reasons(std::size_t from, std::size_t to, Output& out) {
  for (std::size_t rung = from + 1; rung <= to; ++rung) {
    out.write(fmt::format("{} to {}: {}\n", rungs()[rung - 1].name, rungs()[rung].name,
                          rungs()[rung].adds));
    for (const Change& change : changes(rung)) out.write(fmt::format("  {}\n", change.why));
    out.write("\n");
  }
}

// In the format of `diff -u`, which patch(1) takes; from one rung to the next one up each hunk's
// first line says why it is there.
void write_diff(std::size_t from, std::size_t to, Output& out) {
  const bool coloured = shows_styles(STDOUT_FILENO), next = to == from + 1;
  if (!next) write_reasons(std::min(from, to), std::max(from, to), out);
  if (to < from) out.write("These are the reasons of the way up; the diff goes down.\n\n");
  const auto hunks = diff_lines(ladder_source(rungs()[from].name), ladder_source(rungs()[to].name));
  out.write(diff_line('-', fmt::format("--- ladder/{}.cpp", rungs()[from].name), coloured));
  out.write(diff_line('+', fmt::format("+++ ladder/{}.cpp", rungs()[to].name), coloured));
  for (std::size_t i = 0; i < hunks.size(); ++i) {
    const std::string why = next ? fmt::format(" {}", changes(to)[i].why) : "";
    out.write(diff_line('@', hunk_header(hunks[i]) + why, coloured));
    for (const DiffLine& line : hunks[i].lines) {
      out.write(diff_line(line.sign, fmt::format("{}{}", line.sign, line.text), coloured));
    }
  }
}

void diff(const LadderOptions& options, Output& out) {
  expect_programs(options, 2, "two rungs");
  const std::size_t from = rung_named(options.programs[0]), to = rung_named(options.programs[1]);
  if (from == to) {
    throw UsageError(
        fmt::format("ladder diff: expected two rungs, got {} twice", rungs()[from].name));
  }
  write_diff(from, to, out);
}

// ---- Running ----

// Where this program lies.
fs::path own_path() {
#ifdef __APPLE__
  char path[4096];
  std::uint32_t size = sizeof path;
  if (_NSGetExecutablePath(path, &size) != 0)
    throw Error("ladder run: too long a path of microgpt");
  return fs::canonical(path);
#else
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Error("/proc/self/exe: can't be read, " + error.message());
  return path;
#endif
}

// The documents in a file without a name, which goes when the last program that has it open ends.
// Returns a path to it for this process and what it becomes.
std::string open_documents(const Dataset& documents) {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr) throw Error(fmt::format("temporary file: {}", std::strerror(errno)));
  const int descriptor = fileno(file);
  fcntl(descriptor, F_SETFD, 0);  // open after exec, too
  Output output(descriptor, "temporary file");
  for (std::size_t i = 0; i < documents.size(); ++i) {
    output.write(fmt::format("{}\n", documents[i]));
  }
  output.flush();
  lseek(descriptor, 0, SEEK_SET);  // where /dev/fd shares the position
  return fmt::format("/dev/fd/{}", descriptor);
}

// Becomes the program, so that its output, its exit status and Ctrl-C are its own.
[[noreturn]] void become(const std::string& path, const std::string& argument) {
  std::signal(SIGPIPE, SIG_DFL);
  execl(path.c_str(), path.c_str(), argument.empty() ? nullptr : argument.c_str(), nullptr);
  throw Error(fmt::format("{}: can't be run, {}; it is built and installed with microgpt", path,
                          std::strerror(errno)));
}

void run(const LadderOptions& options) {
  expect_programs(options, 1, "one program");
  const std::string name = program_named(options.programs[0]);
  const fs::path path = own_path().parent_path() / MICROGPT_BIN_TO_LADDER / name;
  if (!find_rung(name)) {
    if (!options.data.empty()) throw UsageError(fmt::format("--data: {} reads none", name));
    become(path.lexically_normal(), "");
  }
  const LoadedData data = load_data(options.data, Encoding::kUtf8, Sequences::kDocuments);
  print_note(fmt::format("data: {}", data.origin));
  become(path.lexically_normal(), open_documents(data.dataset));
}

int run_ladder(const LadderOptions& options, Output& out) {
  if (!options.data.empty() && options.action != "run") {
    throw UsageError("--data: only ladder run reads data");
  }
  if (options.action.empty()) {
    list(out);
  } else if (options.action == "run") {
    run(options);
  } else if (options.action == "diff") {
    diff(options, out);
  } else if (options.action == "show") {
    expect_programs(options, 1, "one program");
    out.write(ladder_source(program_named(options.programs[0])));
  } else {
    throw UsageError(fmt::format("ladder: expected run, diff or show, got '{}'", options.action));
  }
  return 0;
}

constexpr char kLadderExamples[] = R"(Examples:
  microgpt ladder                      the programs, and what each adds
  microgpt ladder run 0                the first rung learns and makes up names
  microgpt ladder run 5 --data FILE    the last one, on lines of your own
  microgpt ladder diff 3 4             from one attention head to four, each change explained
  microgpt ladder show train3          the source of a rung
  microgpt ladder run micrograd        the chain rule on small numbers)";

}  // namespace

Command ladder_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "ladder",
      "Climb from counting letters to the whole GPT, in six programs of one file each.\n"
      "train0 counts which letter follows which; each of the next adds one idea; train5 is\n"
      "microgpt.py. Without an action they are listed.");
  const auto options = std::make_shared<LadderOptions>();
  app.add_option("action", options->action, "run a program, show its source, or diff two rungs")
      ->type_name("run|diff|show");
  app.add_option("program", options->programs,
                 "which, rungs also by number: two for diff, else one")
      ->type_name(fmt::format("{}", fmt::join(names(), "|")))
      ->expected(0, -1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_value(app, "--data", &options->data, "FILE|names|embedded", "",
            "what a rung learns from (default: as `microgpt train`)");
  app.footer(kLadderExamples);
  return {&app, [options](Output& out) { return run_ladder(*options, out); }};
}

}  // namespace microgpt
