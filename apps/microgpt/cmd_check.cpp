// microgpt check: what is wrong with a list, before a model is trained on it.
#include <fmt/format.h>

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

// The clean list and what was changed for it, each a file that is there whole or not at all.
class ListFix {
 public:
  explicit ListFix(const CheckOptions& options)
      : fixed_{options.fix, options.fix + ".changes", 0, 0},
        list_(checked(fixed_.path, options.file)),
        changes_(checked(fixed_.changes_path, options.file)),
        fixer_(
            {options.config.encoding, options.drop_duplicates},
            [this](std::string_view text) { list_.write(text); },
            [this](const ListChange& change) {
              ++fixed_.changes;
              changes_.write(fmt::format("{}\t{}\n", change.line, change.what));
            }) {}

  void add(std::string_view bytes) { fixer_.add(bytes); }

  FixedList finish() {
    fixed_.documents = fixer_.finish();
    changes_.commit();
    list_.commit();
    return fixed_;
  }

 private:
  static const std::string& checked(const std::string& path, const std::string& input) {
    std::error_code error;
    if (!std::filesystem::equivalent(path, input, error)) return path;
    throw UsageError(fmt::format("--fix: {} is the list itself, expected another file", path));
  }

  FixedList fixed_;
  WholeFile list_;
  WholeFile changes_;
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
    if (!report.fixed && report.list.count(Severity::kError) > 0) return report;
    report.suggestion = suggest(report.list);
    report.seconds = measure_training(*report.suggestion, report.list);
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

// Whether something hurts a training, on the clean list if there is one.
bool is_hurt(const CheckReport& report, bool drops_duplicates) {
  return std::ranges::any_of(report.list.findings, [&](const Finding& finding) {
    const bool stays = finding.fault == ListFault::kDuplicate && !drops_duplicates;
    const bool fixed = report.fixed && is_fixable(finding.fault) && !stays;
    return finding.severity != Severity::kNote && !fixed;
  });
}

int run_check(CheckOptions options, Output& out) {
  check(options);
  if (options.all) options.config.max_examples = std::numeric_limits<std::size_t>::max();
  if (!options.fix.empty()) catch_interrupts();
  CheckRun run(options);
  read_blocks(options.file, [&](std::string_view bytes) { return run.add(bytes); });
  if (caught_interrupt() != 0) return 128 + caught_interrupt();
  const CheckReport report = run.finish();
  out.write(options.json ? check_json(report) : check_table(report));
  out.flush();
  if (report.fixed) {
    print_note(fmt::format("{} documents are in {}, {} changes in {}",
                           grouped(report.fixed->documents), shell_quoted(report.fixed->path),
                           grouped(report.fixed->changes),
                           shell_quoted(report.fixed->changes_path)));
  }
  if (!run.not_fixed().empty()) {
    throw Error(fmt::format("{}: not written; {}: {}", options.fix, options.file, run.not_fixed()));
  }
  return is_hurt(report, options.drop_duplicates) ? 1 : 0;
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
      "copy that counts.");
  const auto options = std::make_shared<CheckOptions>();
  app.add_option("file", options->file, "the list; - is standard input")
      ->type_name("FILE")
      ->required();
  add_value(app, "--block-size", &options->config.block_size, "N", "1 or more",
            "positions of the model that documents must fit");
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
