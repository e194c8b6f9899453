// microgpt audit: how likely a model is to say what it must not.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "audit_report.h"
#include "command.h"
#include "data_source.h"
#include "interrupt.h"
#include "message.h"
#include "microgpt/error.h"
#include "policies.h"
#include "progress.h"

namespace microgpt {
namespace {

struct AuditOptions {
  std::string model;
  std::string policy = "fruits";
  AuditConfig config;
  int prefix_length = 3;
  int witnesses = 20;
  std::string data, scrub;
  EngineChoice engine;
  bool json = false;
  std::string html;
};

void check(AuditOptions& options) {
  constexpr int kMostLetters = 3, kMostWitnesses = 1'000'000;
  if (options.prefix_length < 0 || options.prefix_length > kMostLetters) {
    throw UsageError(fmt::format("--prefix-length: expected 0 to {}, got {}", kMostLetters,
                                 options.prefix_length));
  }
  if (options.witnesses < 0 || options.witnesses > kMostWitnesses) {
    throw UsageError(
        fmt::format("--witnesses: expected 0 to {}, got {}", kMostWitnesses, options.witnesses));
  }
  if (options.engine.threads < 1 || options.engine.threads > kMaxThreads) {
    throw UsageError(
        fmt::format("--threads: expected 1 to {}, got {}", kMaxThreads, options.engine.threads));
  }
  options.config.prefix_length = static_cast<std::size_t>(options.prefix_length);
  options.config.num_witnesses = static_cast<std::size_t>(options.witnesses);
  options.config.check();
}

// Each thread has an engine of its own.
std::vector<std::unique_ptr<Engine>> make_engines(const EngineChoice& choice, const Model& model) {
  std::vector<std::unique_ptr<Engine>> engines;
  for (int i = 0; i < choice.threads; ++i) {
    Model copy = model;
    engines.push_back(take_engine({.name = choice.name, .threads = 1}, copy));
  }
  return engines;
}

LoadedData load_documents(const AuditOptions& options, const Model& model) {
  const Provenance made = model.provenance.value_or(Provenance());
  if (!options.data.empty()) return load_data(options.data, made.encoding, Sequences::kDocuments);
  if (!model.provenance) {
    throw Error("the model does not say what it learned from; --data names it");
  }
  if (made.sequences == Sequences::kWindows) {
    throw Error("the model learned from one running text, which is no list of names");
  }
  return load_data(made.data, made.encoding, Sequences::kDocuments);
}

// The data that the model learned from is not always at hand; what was asked for must be.
std::optional<LoadedData> find_documents(const AuditOptions& options, const Model& model,
                                         std::string& why_not) {
  try {
    return load_documents(options, model);
  } catch (const Error& error) {
    if (!options.data.empty()) throw;
    if (!options.scrub.empty()) throw Error(fmt::format("--scrub: {}", error.what()));
    why_not = error.what();
    return std::nullopt;
  }
}

void scrub(const std::string& path, const Dataset& data, const Policy& policy,
           std::size_t num_unsafe) {
  if (num_unsafe == data.size()) {
    throw Error(
        fmt::format("{}: not written, as every name is unsafe, expected some to be left", path));
  }
  OutputFile::write_whole(path, without_unsafe(data, policy));
  print_note(fmt::format("{} of {} names, all but the {} unsafe ones, are in {}",
                         grouped(data.size() - num_unsafe), grouped(data.size()),
                         grouped(num_unsafe), shell_quoted(path)));
}

AuditedData judge(const LoadedData& loaded, const Model& model, const Engine& engine,
                  const AuditReport& report) {
  AuditedData data{.origin = loaded.origin,
                   .sha256 = loaded.dataset.sha256(),
                   .documents = loaded.dataset.size(),
                   .unsafe = unsafe_documents(loaded.dataset, model, engine, report.policy,
                                              report.config.temperature)};
  data.is_other = model.provenance && model.provenance->data_sha256 != data.sha256;
  return data;
}

// Nothing if a signal came.
std::optional<Audit> run_walk(const AuditReport& report, const Model& model,
                              const std::vector<std::unique_ptr<Engine>>& engines) {
  StatusLine line;
  return audit(model, engines, report.policy, report.config, [&](const AuditProgress& progress) {
    line.draw(fmt::format("audit: {} % done, {} beginnings looked at",
                          100 * progress.tasks_done / progress.tasks, grouped(progress.nodes)));
    return caught_interrupt() == 0;
  });
}

void note_fewer_letters(const AuditReport& report) {
  const std::size_t length = report.audit.lengths.size();
  if (length == report.config.prefix_length) return;
  print_note(
      fmt::format("prefixes of up to {} are audited: a longer one would be the whole name, or they "
                  "would be more than {}",
                  letters_label(length), grouped(kMaxPrefixes)));
}

void write_report(const AuditReport& report, const AuditOptions& options, Output& out) {
  note_fewer_letters(report);
  // First, so that a file that can't be written costs no more than itself.
  out.write(options.json ? audit_json(report) : audit_table(report));
  out.flush();
  if (!options.html.empty()) {
    OutputFile::write_whole(options.html, audit_html(report));
    print_note(fmt::format("the report is in {}", shell_quoted(options.html)));
  }
}

int run_audit(AuditOptions options, Output& out) {
  check(options);
  const Model model = read_model(options.model);
  AuditReport report{.model = options.model,
                     .tokenizer = model.tokenizer,
                     .policy = open_policy(options.policy),
                     .config = options.config,
                     .audit = {},
                     .data = {},
                     .no_data = {}};
  report.unspellable = unspellable_words(report.policy, model.tokenizer).size();
  const auto documents = find_documents(options, model, report.no_data);
  const auto engines = make_engines(options.engine, model);
  catch_interrupts();
  if (documents) report.data = judge(*documents, model, *engines.front(), report);
  if (!options.scrub.empty()) {
    scrub(options.scrub, documents->dataset, report.policy, report.data->num_unsafe());
  }
  auto audited = run_walk(report, model, engines);
  if (!audited) return interrupt_status();
  report.audit = *std::move(audited);
  write_report(report, options, out);
  return 0;
}

constexpr char kAuditExamples[] = R"(Examples:
  microgpt audit out                          of the model in the folder out, for fruits
  microgpt audit out --policy words.txt       for a list of your own, one word a line
  microgpt audit out --prefix pea --prefix-length 0 --prune 1e-10
  microgpt audit out --html audit.html --json > audit.json
  microgpt audit out --scrub clean.txt        the training data without its unsafe names)";

}  // namespace

Command audit_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "audit",
      "Compute how likely a model is to say what a policy forbids, and what the policy costs.\n"
      "Without a prefix, for every short prefix and for attacks; with no guard, where names are\n"
      "judged and made anew, and with the certificate. Nothing is sampled: each number is a sum\n"
      "over all documents, from what was found to what that can be at most.");
  const auto options = std::make_shared<AuditOptions>();
  AuditConfig& config = options->config;
  add_model(app, options->model);
  add_value(app, "--policy", &options->policy,
            fmt::format("FILE|{}", fmt::join(built_in_policies(), "|")), "",
            "a policy, or a list of words, one a line");
  add_value(app, "--temperature", &config.temperature, "T", "0 or more", "of the sampling");
  add_value(app, "--prefix-length", &options->prefix_length, "N", "0 to 3",
            "audit all prefixes of up to N letters");
  app.add_option("--prefix", config.prefixes, "audit this prefix, too (may stand more than once)")
      ->type_name("TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_value(app, "--prune", &config.prune, "P", "0 to 1",
            "leave out beginnings less likely than this; smaller is tighter and slower");
  add_value(app, "--prune-prefixes", &config.prune_prefixes, "P", "0 to 1",
            "the same for all short prefixes, given the prefix");
  add_value(app, "--witnesses", &options->witnesses, "N", "0 or more", "unsafe names to list");
  add_value(app, "--data", &options->data, "FILE|names|embedded", "",
            "the training data (default: what the model says it learned from)");
  add_value(app, "--scrub", &options->scrub, "FILE", "",
            "write the training data without its unsafe names");
  add_engine(app, options->engine);
  app.add_flag("--json", options->json, "print JSON, see docs/audit.md");
  add_value(app, "--html", &options->html, "FILE", "", "write a report that needs no other file");
  app.footer(kAuditExamples);
  return {&app, [options](Output& out) { return run_audit(*options, out); }};
}

}  // namespace microgpt
