// microgpt grade: how many points a bot deserves, and why.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "command.h"
#include "grade_report.h"
#include "gradescope.h"
#include "interrupt.h"
#include "message.h"
#include "microgpt/error.h"
#include "microgpt/grader.h"
#include "policies.h"
#include "subprocess.h"
#include "target.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;

constexpr int kExitBelow = 3;
constexpr double kLongestTime = 86'400;  // seconds
constexpr int kMostMemory = 1 << 20;     // MiB

struct GradeOptions {
  std::string policy = "fruits";
  GraderConfig config;
  double time_limit = 60;   // seconds a run
  int memory_limit = 2048;  // MiB
  double pass = 0;
  bool json = false;
  bool verbose = false;
  std::string gradescope, bundle;
  std::vector<std::string> command;
};

// A folder of ours for as long as a bot runs.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    path_ = (fs::temp_directory_path(error) / "microgpt-grade-XXXXXX").string();
    if (error || mkdtemp(path_.data()) == nullptr) {
      throw Error("no folder for temporary files can be made; is TMPDIR a folder?");
    }
    // The bot may run as another user.
    fs::permissions(path_, fs::perms(0755));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// The policies that held-out ones take words from. What a username should not say is no matter for
// a classroom.
std::vector<Policy> other_policies(const Policy& policy) {
  std::vector<Policy> others;
  for (const char* const name : {"cities", "colours", "fruits"}) {
    if (name != policy.name) others.push_back(open_policy(name));
  }
  return others;
}

// The command with {policy} replaced wherever it stands.
std::vector<std::string> command_for(std::vector<std::string> command, const std::string& policy) {
  constexpr std::string_view kPlace = "{policy}";
  for (std::string& argument : command) {
    for (std::size_t at = 0; (at = argument.find(kPlace, at)) != std::string::npos;) {
      argument.replace(at, kPlace.size(), policy);
      at += policy.size();
    }
  }
  return command;
}

class Examination {
 public:
  explicit Examination(const GradeOptions& options) : options_(options) {}

  std::vector<BotRun> runs;
  std::vector<CaseResult> results;

  // Puts one sheet before the bot. One that has let its time pass without a word isn't asked again.
  void ask(const Sheet& sheet, std::size_t number, std::size_t of) {
    BotRun run{sheet.policy.name, sheet.questions.size(), sheet.hidden, false, {}};
    run.skipped = gave_up_;
    if (!gave_up_) run.result = run_bot(sheet, fmt::format("sheet {} of {}", number, of));
    gave_up_ = gave_up_ || (run.result.ending == Ending::kTimeLimit && run.result.output.empty());
    for (CaseResult& result : judge_sheet(sheet, run.result.output)) {
      results.push_back(std::move(result));
    }
    run.result.output.clear();
    runs.push_back(std::move(run));
  }

 private:
  SubprocessResult run_bot(const Sheet& sheet, const std::string& what) {
    // One that no other run of the bot can have made anything of, such as a pipe.
    const TemporaryFolder folder;
    const std::string list = folder / "policy.txt";
    OutputFile::write_whole(list, format_words(sheet.policy));
    SubprocessOptions run;
    run.command = command_for(options_.command, list);
    run.environment = {{"MICROGPT_POLICY", list}};
    run.input = sheet.input();
    run.expected_lines = sheet.questions.size();
    run.limits.time =
        std::chrono::milliseconds(static_cast<std::int64_t>(options_.time_limit * 1000));
    run.limits.memory_bytes = static_cast<std::size_t>(options_.memory_limit) << 20;
    run.tick = [&](std::size_t lines) { show(what, lines, sheet.questions.size()); };
    const SubprocessResult result = run_subprocess(run);
    show_line("");
    return result;
  }

  void show(const std::string& what, std::size_t lines, std::size_t of) {
    if (const int signal = caught_interrupt()) {
      show_line("");
      throw Error(fmt::format("stopped by signal {}, nothing was graded", signal));
    }
    show_line(fmt::format("{}: {} of {} answers", what, grouped(lines), grouped(of)));
  }

  // A line that is drawn over and over, on a terminal.
  void show_line(const std::string& text) const {
    if (is_terminal_) fmt::print(stderr, "\r\x1b[K{}", text);
    if (is_terminal_) std::fflush(stderr);
  }

  const GradeOptions& options_;
  bool is_terminal_ = terminal_columns(2).has_value();
  bool gave_up_ = false;
};

void expect_in_range(const GradeOptions& options) {
  const auto expect = [](const char* name, double value, double least, double most) {
    if (value >= least && value <= most) return;
    throw UsageError(fmt::format("{}: expected {} to {}, got {}", name, least, most, value));
  };
  expect("--hidden", options.config.hidden, 0, kMostHidden);
  expect("--requests", options.config.requests, 1, kMostRequests);
  expect("--time-limit", options.time_limit, 0.1, kLongestTime);
  expect("--memory-limit", options.memory_limit, 0, kMostMemory);
  expect("--pass", options.pass, 0, 100);
}

// The seed that an autograder keeps from its students: no command line shows it, and no bot gets
// it.
void take_secret_seed(GraderConfig& config) {
  constexpr char kVariable[] = "MICROGPT_GRADE_SEED";
  const char* const text = std::getenv(kVariable);
  if (text == nullptr) return;
  parse_value(text, &config.seed, kVariable, "0 or more");
  unsetenv(kVariable);
}

int run_grade(GradeOptions options, Output& out) {
  take_secret_seed(options.config);
  expect_in_range(options);
  if (!options.bundle.empty()) {
    if (!options.command.empty() || options.json || options.verbose || options.pass > 0 ||
        !options.gradescope.empty()) {
      throw UsageError(
          "--bundle: is for no bot yet, expected no command, --json, --verbose, --pass or "
          "--gradescope");
    }
    write_bundle(
        options.bundle, options.policy, options.config,
        fmt::format("--time-limit {} --memory-limit {}", options.time_limit, options.memory_limit));
    out.write(fmt::format("{}: zip its files and upload them as the autograder\n",
                          printable(options.bundle)));
    return 0;
  }
  if (options.command.empty()) {
    throw UsageError("expected a bot's command after --, got none");
  }
  const Policy policy = open_policy(options.policy);
  const std::vector<Sheet> sheets = draw_sheets(policy, other_policies(policy), options.config);
  catch_interrupts();
  Examination examination(options);
  for (std::size_t i = 0; i < sheets.size(); ++i) {
    examination.ask(sheets[i], i + 1, sheets.size());
  }
  const Grade grade = add_up(std::move(examination.results));
  const GradeReport report{options.config.seed, grade, examination.runs};
  // First, so that a folder that can't be written costs no more than itself.
  out.write(options.json ? format_grade_json(report) : format_grade(report, options.verbose));
  out.flush();
  if (!options.gradescope.empty()) write_results(options.gradescope, report);
  return grade.points < options.pass ? kExitBelow : 0;
}

constexpr char kGradeExamples[] = R"(Examples:
  microgpt grade -- python3 bot.py                what a student's bot deserves
  microgpt grade --seed 7 --verbose -- ./bot      other cases, and all of them shown
  microgpt grade -- microgpt bot out --policy {policy}
  microgpt grade --hidden 0 -- python3 bot.py     without held-out policies, as was published
  microgpt grade --pass 60 -- python3 bot.py      exit status 3 below 60 points
  microgpt grade --bundle autograder              what Gradescope wants to be uploaded)";

}  // namespace

Command grade_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "grade",
      "Tell how many points of 100 a bot deserves, and why.\n"
      "Runs any program that speaks the walkthrough's protocol: harmless requests, attacks, and\n"
      "thousands of requests of which none may yield a banned word, under a policy that it knows\n"
      "and under others that it does not. Where the words are is told to it by the variable\n"
      "MICROGPT_POLICY and in place of {policy}: a file of one word a line.");
  const auto options = std::make_shared<GradeOptions>();
  add_value(app, "--policy", &options->policy, "FILE|fruits|colours|cities|usernames", "",
            "what the bot must not say");
  add_value(app, "--seed", &options->config.seed, "N", "0 or more", "which cases are drawn");
  add_value(app, "--hidden", &options->config.hidden, "N", fmt::format("0 to {}", kMostHidden),
            "how many held-out policies");
  add_value(app, "--requests", &options->config.requests, "N",
            fmt::format("1 to {}", kMostRequests), "how many for the output filter, a policy");
  add_value(app, "--time-limit", &options->time_limit, "SECONDS", "0.1 or more",
            "how long a run may take; there are two for each policy");
  add_value(app, "--memory-limit", &options->memory_limit, "MIB", "0 or more",
            "how much memory the bot's processes may use together; 0: no limit");
  add_value(app, "--pass", &options->pass, "POINTS", "0 to 100",
            "below so many points the exit status is 3");
  add_value(app, "--gradescope", &options->gradescope, "DIR", "",
            "write results.json for Gradescope into a folder");
  add_value(app, "--bundle", &options->bundle, "DIR", "",
            "make Gradescope's autograder, with this policy and seed, and run nothing");
  app.add_flag("--verbose", options->verbose, "show the cases that passed too");
  app.add_flag("--json", options->json, "print a JSON object");
  app.add_option("command", options->command, "the bot, and its arguments")->type_name("COMMAND");
  app.footer(kGradeExamples);
  return {&app, [options](Output& out) { return run_grade(*options, out); }};
}

}  // namespace microgpt
