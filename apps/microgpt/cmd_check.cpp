// microgpt check: what is wrong with a list, before a model is trained on it.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>

#include "check_report.h"
#include "command.h"
#include "input.h"
#include "interrupt.h"
#include "message.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

struct CheckOptions {
  std::string file;
  CheckConfig config;
  std::string fix;
  bool drop_duplicates = false;
  bool all = false;
  bool json = false;
};

void check(const CheckOptions& options) {
  if (options.drop_duplicates && options.fix.empty()) {
    throw UsageError("--drop-duplicates: expected --fix with it, to write what is left");
  }
  options.config.check();
}

bool is_list_itself(const std::string& path, const std::string& list) {
  std::error_code error;
  if (list != "-") return std::filesystem::equivalent(path, list, error);
  struct stat input {
  }, other{};
  return fstat(STDIN_FILENO, &input) == 0 && stat(path.c_str(), &other) == 0 &&
         S_ISREG(input.st_mode) && input.st_dev == other.st_dev && input.st_ino == other.st_ino;
}

// Whether a file has lines as --fix writes them, or nothing.
bool is_list_of_changes(const std::string& path) {
  const std::string head = read_bytes(path, 1 << 10);
  const std::size_t digits = std::min(head.find_first_not_of("0123456789"), head.size());
  return head.empty() || (digits > 0 && head.substr(digits).starts_with('\t'));
}

void check_targets(const CheckOptions& options, const FixedList& fixed) {
  if (fixed.path == "-") throw UsageError("--fix: expected the name of a file, got -");
  for (const std::string& path : {fixed.path, fixed.changes_path}) {
    if (!is_list_itself(path, options.file)) continue;
    throw UsageError(fmt::format("--fix: {} is the list itself, expected another file", path));
  }
  if (std::filesystem::is_regular_file(fixed.changes_path) &&
      !is_list_of_changes(fixed.changes_path)) {
    throw Error(fmt::format("{}: not written by an earlier --fix, and would be overwritten",
                            fixed.changes_path));
  }
}

FixedList fixed_list(const CheckOptions& options) {
  FixedList fixed{options.fix, options.fix + ".changes", 0, 0, {}};
  check_targets(options, fixed);
  return fixed;
}

CheckConfig config_of_copy(CheckConfig config) {
  config.encoding = Encoding::kUtf8;
  return config;
}

// The clean list and what was changed for it, each a file that is there whole or not at all; and
// what is wrong with the clean list.
class ListFix {
 public:
  explicit ListFix(const CheckOptions& options)
      : fixed_(fixed_list(options)),
        list_(fixed_.path),
        changes_(fixed_.changes_path),
        checker_(config_of_copy(options.config)),
        fixer_(
            {options.config.encoding, options.drop_duplicates},
            [this](std::string_view text) {
              list_.write(text);
              checker_.add(text);
            },
            [this](const ListChange& change) {
              ++fixed_.changes;
              changes_.write(fmt::format("{}\t{}\n", change.line, change.what));
            }) {}

  void add(std::string_view bytes) { fixer_.add(bytes); }

  FixedList finish() {
    fixed_.documents = fixer_.finish();
    fixed_.list = checker_.finish();
    changes_.commit();
    list_.commit();
    return fixed_;
  }

 private:
  FixedList fixed_;
  WholeFile list_;
  WholeFile changes_;
  ListChecker checker_;
  ListFixer fixer_;
};

// A list that can't be mended is still checked to its end.
class CheckRun {
 public:
  explicit CheckRun(const CheckOptions& options) : options_(options), checker_(options.config) {
    if (!options.fix.empty()) fix_ = std::make_unique<ListFix>(options);
  }

  // False if no more bytes are wanted.
  bool add(std::string_view bytes) {
    fix([&] { fix_->add(bytes); });
    return checker_.add(bytes) && caught_interrupt() == 0;
  }

  CheckReport finish() {
    CheckReport report{options_.file, options_.config, checker_.finish(), {}, 0, {}};
    if (report.list.find(ListFault::kEncoding) != nullptr && fix_ != nullptr) {
      not_fixed_ = "it is no text in UTF-8 or Latin-1";
      fix_.reset();
    }
    fix([&] { report.fixed = fix_->finish(); });
    // Training refuses a list with errors.
    if (report.trained().count(Severity::kError) > 0) return report;
    report.suggestion = suggest(report.trained());
    report.seconds = measure_training(*report.suggestion, report.trained());
    return report;
  }

  // Why there is no clean list though one was asked for; else empty.
  const std::string& not_fixed() const { return not_fixed_; }

 private:
  template <class F>
  void fix(F step) {
    if (fix_ == nullptr) return;
    try {
      step();
    } catch (const Error& error) {
      not_fixed_ = error.what();
      fix_.reset();
    }
  }

  const CheckOptions& options_;
  ListChecker checker_;
  std::unique_ptr<ListFix> fix_;
  std::string not_fixed_;
};

int run_check(CheckOptions options, Output& out) {
  check(options);
  if (options.all) options.config.max_examples = std::numeric_limits<std::size_t>::max();
  if (!options.fix.empty()) catch_interrupts();
  CheckRun run(options);
  read_blocks(options.file, [&](std::string_view bytes) { return run.add(bytes); });
  if (caught_interrupt() != 0) return interrupt_status();
  const CheckReport report = run.finish();
  out.write(options.json ? check_json(report) : check_table(report));
  out.flush();
  if (report.fixed) {
    print_note(fmt::format(
        "{} {} in {}, {} in {}", counted(report.fixed->documents, "document"),
        report.fixed->documents == 1 ? "is" : "are", shell_quoted(report.fixed->path),
        counted(report.fixed->changes, "change"), shell_quoted(report.fixed->changes_path)));
  }
  if (!run.not_fixed().empty()) {
    throw Error(fmt::format("{}: not written; {}: {}", options.fix, options.file, run.not_fixed()));
  }
  const ListReport& trained = report.trained();
  return trained.findings.size() > trained.count(Severity::kNote) ? 1 : 0;
}

constexpr char kCheckExamples[] = R"(Examples:
  microgpt check towns.txt                    what is wrong with it, and what to train on it
  microgpt check towns.txt --fix clean.txt    a clean copy; clean.txt.changes says what was changed
  microgpt check old.txt --encoding latin-1 --fix new.txt     the same from Latin-1 to UTF-8
  sort towns.txt | microgpt check - --json    from standard input, for a program)";

}  // namespace

Command check_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "check",
      "Check a list of documents, one a line, before a model is trained on it.\n"
      "Encoding, invisible characters, normal forms, mixed alphabets, duplicates, lengths: with "
      "line\n"
      "numbers, the worst first; then what to train on it, and how long that takes here.\n"
      "Ends with 0 if nothing hurts a training, notes apart, else with 1; with --fix it is the "
      "clean\n"
      "copy that counts. --fix replaces FILE, but no FILE.changes that it has not written.");
  const auto options = std::make_shared<CheckOptions>();
  app.add_option("file", options->file, "the list; - is standard input")
      ->type_name("FILE")
      ->required();
  add_value(app, "--block-size", &options->config.block_size, "N", "1 or more",
            "positions that documents must fit (default: as suggested)");
  add_value(app, "--encoding", &options->config.encoding, choices(&options->config.encoding), "",
            "of the list");
  add_value(app, "--fix", &options->fix, "FILE", "",
            "write a clean copy, and to FILE.changes what was changed");
  app.add_flag("--drop-duplicates", options->drop_duplicates,
               "with --fix: of each document only the first");
  app.add_flag("--all", options->all, "all examples of each finding, not only the first 5");
  app.add_flag("--json", options->json, "print JSON, see docs/check.md");
  app.footer(kCheckExamples);
  return {&app, [options](Output& out) { return run_check(*options, out); }};
}

}  // namespace microgpt
