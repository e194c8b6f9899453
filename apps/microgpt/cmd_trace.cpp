// microgpt trace: every number of one step.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "built_in_model.h"
#include "command.h"
#include "message.h"
#include "trace_report.h"
#include "walkthrough.h"

namespace microgpt {
namespace {

struct TraceCommandOptions {
  std::string model, text;
  std::string named_model;  // by --model, if that was given
  const CLI::Option* model_option = nullptr;
  const CLI::Option* model_argument = nullptr;
  const CLI::Option* text_argument = nullptr;
  std::string data = "embedded";
  bool backward = false, step = false;
  std::string at;
  int precision = 4;
  std::string cache = "computed";
  std::string round;  // empty: don't
  bool json = false, formulas = false, graph = false;
  std::string html;
};

// The two ways to name a model: `trace toy ab` and `trace --model toy ab`.
void take_arguments(TraceCommandOptions& options) {
  const std::size_t given = options.model_argument->count() + options.text_argument->count();
  const std::size_t expected = options.model_option->count() == 0 ? 2 : 1;
  if (given != expected) {
    throw UsageError(fmt::format("trace: expected {}, got {} argument{}; '' is an empty text",
                                 expected == 2 ? "MODEL and TEXT" : "TEXT beside --model", given,
                                 given == 1 ? "" : "s"));
  }
  if (expected == 1) options.text = std::exchange(options.model, options.named_model);
}

void check(const TraceCommandOptions& options) {
  constexpr int kMostDecimals = 17;
  if (options.precision < 0 || options.precision > kMostDecimals) {
    throw UsageError(
        fmt::format("--precision: expected 0 to {}, got {}", kMostDecimals, options.precision));
  }
  if (options.cache != "computed" && options.cache != "printed") {
    throw UsageError(fmt::format("--cache: expected computed or printed, got '{}'", options.cache));
  }
  if (options.cache == "printed" && options.model != "toy") {
    throw UsageError("--cache printed: expected the model toy, whose cache it is, got another");
  }
  if (!options.json && (options.formulas || options.graph)) {
    throw UsageError("--formulas and --graph: expected --json, into which they write");
  }
  if (!options.html.empty() && options.json) throw UsageError("--html: expected no --json beside");
}

std::optional<int> decimals_to_round_to(const std::string& round) {
  if (round.empty()) return std::nullopt;
  int value = -1;
  try {
    parse_value(round, &value, "--round", "0 to 15");
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return value;
}

TraceReport make_report(const TraceCommandOptions& options) {
  const Model model = open_model(options.model, options.data);
  TraceOptions how;
  how.backward = options.backward;
  if (options.step) how.step = next_step(model);
  how.round = decimals_to_round_to(options.round);
  if (options.cache == "printed") how.cache = toy_printed_cache();
  const std::vector<int> tokens = model.tokenizer.encode_document(options.text);
  TraceReport report = {.model = options.model,
                        .text = options.text,
                        .tokenizer = model.tokenizer,
                        .trace = trace(model.config, model.state, tokens, how),
                        .remarks = {},
                        .precision = options.precision,
                        .part = options.at,
                        .formulas = options.formulas,
                        .graph = options.graph};
  if (options.model == "toy") report.remarks = walkthrough_remarks(report.trace);
  return report;
}

PageStyle style_of_terminal() {
  const auto columns = terminal_columns(STDOUT_FILENO);
  if (!columns) return {};
  return {.columns = *columns, .colors = shows_styles(STDOUT_FILENO)};
}

// A part of the names, or one number.
void write_part(const TraceReport& report, Output& out) {
  const auto inside = [&](const Traced& traced) {
    return is_in(traced.name, report.part) && (traced.name != report.part || !traced.shape.empty());
  };
  if (std::ranges::any_of(report.trace.traced, inside)) {
    write_page(report, style_of_terminal(), out);
  } else {
    write_card(report, find_element(report.trace, report.part), style_of_terminal(), out);
  }
}

bool has_part(const TraceReport& report) {
  return std::ranges::any_of(report.trace.traced,
                             [&](const Traced& traced) { return is_in(traced.name, report.part); });
}

int run_trace(TraceCommandOptions options, Output& out) {
  take_arguments(options);
  if (is_in(options.at, "adam")) options.step = true;
  check(options);
  TraceReport report = make_report(options);
  if ((options.json || !options.html.empty()) && !has_part(report)) {  // what holds that number
    report.part = report.trace.traced[find_element(report.trace, report.part).traced].name;
  }
  if (!options.html.empty()) {
    OutputFile::write_whole(options.html, html_report(report));
    print_note(fmt::format("the report is in {}", shell_quoted(options.html)));
  } else if (options.json) {
    write_json(report, out);
  } else {
    write_part(report, out);
  }
  return 0;
}

constexpr char kTraceExamples[] = R"(Examples:
  microgpt trace toy ab                           every value of a model of 72 parameters
  microgpt trace toy ab --cache printed           with the walkthrough's cache: where it is off
  microgpt trace toy ab --cache printed --round 2 rounding at every step, as by hand
  microgpt trace untrained emma --backward        microgpt.py's first parameters, with gradients
  microgpt trace out emma --step                  and Adam's next update of a run
  microgpt trace out emma --at pos2.layer0.head1  a part, whole
  microgpt trace toy ab --backward --at 'wte[2][0]'   all about one number
  microgpt trace out emma --backward --html emma.html
  microgpt trace out emma --json                  for programs)";

}  // namespace

Command trace_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "trace",
      "Show every number of one step of a model: each value, what it was made of, and where.\n"
      "The text is read as a document, BOS before and after it. What is shown are the very\n"
      "numbers of training, by the engine reference. Names are paths: pos2.layer0.head1.weights\n"
      "is what head 1 of layer 0 made at position 2.");
  const auto options = std::make_shared<TraceCommandOptions>();
  options->model_argument =
      app.add_option(
             "model", options->model,
             "a model.json, the folder of a run, toy (the walkthrough's model) or untrained "
             "(microgpt.py's first parameters)")
          ->type_name("MODEL");
  options->text_argument =
      app.add_option("text", options->text, "what it reads")->type_name("TEXT");
  options->model_option = add_value(app, "--model", &options->named_model, kAnyModel, "",
                                    "the model, in place of the first argument");
  add_value(app, "--data", &options->data, "FILE|names|embedded", "",
            "whose letters an untrained model has");
  app.add_flag("--backward", options->backward, "the gradient of the loss by each number, too");
  app.add_flag("--step", options->step,
               "the gradients, and Adam's update of the parameters from this text alone");
  add_value(app, "--at", &options->at, "PATH", "",
            "a part, such as pos2.layer0, or one number with all that is known about it");
  add_value(app, "--precision", &options->precision, "N", "0 to 17", "decimals that are shown");
  add_value(app, "--cache", &options->cache, "computed|printed", "",
            "of the toy: its own keys and values, or those that the walkthrough prints");
  add_value(app, "--round", &options->round, "N", "0 to 15",
            "round each number to N decimals as it is made, as by hand");
  app.add_flag("--json", options->json, "print JSON, see docs/trace.md");
  app.add_flag("--formulas", options->formulas, "in the JSON: the formula of each number");
  app.add_flag("--graph", options->graph, "in the JSON: each node of the graph");
  add_value(app, "--html", &options->html, "FILE", "", "write a report that needs no other file");
  app.footer(kTraceExamples);
  return {&app, [options](Output& out) { return run_trace(*options, out); }};
}

}  // namespace microgpt
