// microgpt diff: where two runs first differ, and why.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "message.h"
#include "run_comparison.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kExitDifferent = 3;

struct DiffOptions {
  std::string a, b;
  std::string data;
  std::int64_t steps = 0;  // 0: all
  bool json = false;
};

Json json_of(const RunSource& run) {
  Json object = {{"path", run.path}, {"kind", run.kind}, {"steps", run.steps}};
  if (!run.settings) {
    object["losses"] = run.log.losses.size();
    object["decimals"] = run.log.every_digit ? Json() : Json(run.log.decimals);
  }
  return object;
}

Json json_of(const std::optional<LossDifference>& losses) {
  if (!losses) return nullptr;
  return {{"step", losses->step}, {"a", losses->a}, {"b", losses->b}};
}

Json json_of(const NumberDifference& difference) {
  const auto& [step, stage, path, a, b, is_count, origin] = difference;
  Json object = {{"step", step}, {"stage", to_string(stage)}, {"path", path}};
  object["a"] = a ? Json(*a) : Json();
  object["b"] = b ? Json(*b) : Json();
  object["ulps"] = a && b && !is_count ? Json(ulps_apart(*a, *b)) : Json();
  if (origin.python_line > 0) object["python_line"] = origin.python_line;
  if (!origin.file.empty()) {
    object["file"] = origin.file;
    object["line"] = origin.line;
    object["formula"] = origin.formula;
  }
  return object;
}

std::string format_json(const RunSource& a, const RunSource& b, const Comparison& comparison) {
  const RunDiff& diff = comparison.diff;
  Json settings = Json::array(), saved = Json::array();
  for (const SettingDifference& setting : comparison.settings) {
    settings.push_back(
        {{"key", setting.key}, {"a", setting.a}, {"b", setting.b}, {"explains", setting.explains}});
  }
  for (const SavedDifference& file : comparison.saved) {
    saved.push_back({{"file", file.file}, {"difference", json_of(file.difference)}});
  }
  const Json object = {{"same", comparison.same()},
                       {"runs", {json_of(a), json_of(b)}},
                       {"compared", comparison.replayed ? "every number" : "losses"},
                       {"steps_compared", diff.steps},
                       {"first_difference", diff.first ? json_of(*diff.first) : Json()},
                       {"first_loss", json_of(diff.first_loss)},
                       {"rounding", diff.rounding},
                       {"first_loss_beyond_rounding", json_of(diff.first_clear_loss)},
                       {"settings", std::move(settings)},
                       {"not_as_replayed", std::move(saved)}};
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string format_run(const char* name, const RunSource& run) {
  std::string text = fmt::format("{}  {}: {}", name, printable(run.path), run.kind);
  if (!run.settings) {
    return text + fmt::format(" of {} losses, {}\n", run.log.losses.size(),
                              run.log.every_digit ? "with every digit"
                                                  : fmt::format("{} decimals", run.log.decimals));
  }
  return text + fmt::format(", {} steps\n", grouped(static_cast<std::size_t>(run.steps)));
}

std::string format_number(const std::optional<double>& number) {
  return number ? fmt::format("{}", *number) : "has no such number";
}

std::string format_origin(const Origin& origin) {
  if (origin.file.empty()) return "";
  return fmt::format("made by  {}\n         line {} of microgpt.py, {}:{}\n", origin.formula,
                     origin.python_line, origin.file, origin.line);
}

std::string format_difference(const NumberDifference& d, const char* a, const char* b) {
  std::string text =
      fmt::format("{:<9}{}\n{:<9}{}\n", a, format_number(d.a), b, format_number(d.b));
  if (d.a && d.b && !d.is_count) {
    text += fmt::format("         {:.1e} apart, {} ulp\n", std::abs(*d.a - *d.b),
                        ulps_apart(*d.a, *d.b));
  }
  return text + format_origin(d.origin);
}

std::string format_loss(const char* when, const std::optional<LossDifference>& losses) {
  if (!losses) return fmt::format("{}none\n", when);
  return fmt::format("{}step {}: {} and {}\n", when, losses->step, losses->a, losses->b);
}

std::string format_losses(const RunDiff& diff) {
  return "losses   that differ first\n" + format_loss("  at all             ", diff.first_loss) +
         format_loss(fmt::format("  beyond {:<11.0e} ", diff.rounding).c_str(),
                     diff.first_clear_loss);
}

std::string format_setting(const SettingDifference& setting) {
  return fmt::format("{} is {} in A and {} in B\n", setting.key, printable(setting.a),
                     printable(setting.b));
}

std::string format_reasons(const Comparison& comparison) {
  const auto& settings = comparison.settings;
  std::string text;
  if (settings.empty() || !settings.front().explains) {
    text = comparison.diff.first ? "because  not explained by the settings\n" : "";
  }
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const bool first_of_kind = i == 0 || settings[i].explains != settings[i - 1].explains;
    text += first_of_kind ? (settings[i].explains ? "because  " : "besides  ") : "         ";
    text += format_setting(settings[i]);
  }
  return text;
}

std::string format_saved(const Comparison& comparison) {
  std::string text;
  for (const auto& [file, difference] : comparison.saved) {
    text += fmt::format("\n{} is not what its settings make in {} steps: first {}\n",
                        printable(file), difference.step, difference.path) +
            format_difference(difference, "replay", "file");
  }
  if (!text.empty()) {
    text += "It was changed, resumed with other settings, or made by another version or machine.\n";
  }
  return text;
}

std::string format_same(const RunSource& a, const RunSource& b, const Comparison& comparison) {
  const std::int64_t steps = comparison.diff.steps;
  std::string text = fmt::format(
      "{}he same {} of {} steps{}.\n", comparison.same() ? "T" : "Different, but trained again t",
      comparison.replayed ? "in every bit of every token, parameter, loss and moment" : "losses",
      steps, comparison.replayed ? "" : ", as far as they were written down");
  const auto add_length = [&](const char* name, const RunSource& run) {
    if (run.steps > steps) text += fmt::format("{} goes on to step {}.\n", name, run.steps);
  };
  add_length("A", a);
  add_length("B", b);
  return text + format_reasons(comparison) + format_saved(comparison);
}

std::string format_text(const RunSource& a, const RunSource& b, const Comparison& comparison) {
  const RunDiff& diff = comparison.diff;
  const std::string runs = format_run("A", a) + format_run("B", b) + "\n";
  if (!diff.first && !diff.first_loss) return runs + format_same(a, b, comparison);
  if (!diff.first) {
    return runs + fmt::format("Different from step {} on.\n", diff.first_loss->step) +
           format_losses(diff) + "A log holds losses only: there is no more to compare.\n";
  }
  return runs + fmt::format("Different from step {} on: {}\n", diff.first->step, diff.first->path) +
         format_difference(*diff.first, "A", "B") + format_reasons(comparison) +
         format_losses(diff) +
         (diff.rounding == kFloatRounding
              ? "What engine cpu makes between its parameters and the loss can't be seen.\n"
              : "");
}

int run_diff(const DiffOptions& options, Output& out) {
  if (options.steps < 0) {
    throw UsageError(fmt::format("--steps: expected 0 or more, got {}", options.steps));
  }
  const std::int64_t most =
      options.steps > 0 ? options.steps : std::numeric_limits<std::int64_t>::max();
  const RunSource a = read_run_source(options.a), b = read_run_source(options.b);
  const Comparison comparison = compare_runs(a, b, options.data, most);
  out.write(options.json ? format_json(a, b, comparison) : format_text(a, b, comparison));
  return comparison.same() ? 0 : kExitDifferent;
}

constexpr char kDiffExamples[] =
    R"(A RUN is the folder of a run or its model.json, the settings of one (train --print-config),
or a log: of train --log, what microgpt.py printed, or losses one a line.
Runs are trained again from their first step, logs are compared as far as they were printed.
The status is 0 if the runs are the same as far as both go, 3 if they differ.

Examples:
  microgpt diff out other                     two saved runs
  microgpt diff out port.log                  a run, and what a port of it printed
  microgpt train --learning-rate 0.02 --print-config > faster.json
  microgpt diff out faster.json               what a setting changes first
  microgpt diff out other --data moved.txt    where the data of a run lies now)";

}  // namespace

Command diff_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "diff",
      "Say where two runs first differ: step, number, and the setting that explains it.\n"
      "Step by step, then number by number in the order in which they are computed.");
  const auto options = std::make_shared<DiffOptions>();
  app.add_option("RUN_A", options->a, "a run: folder, model, settings or log")
      ->type_name("FILE")
      ->required();
  app.add_option("RUN_B", options->b, "the other one")->type_name("FILE")->required();
  add_value(app, "--data", &options->data, "FILE", "",
            "data of a run whose own is not to be found, or that names none");
  add_value(app, "--steps", &options->steps, "N", "0 or more",
            "compare so many steps at most; 0: all");
  app.add_flag("--json", options->json, "print a JSON object");
  app.footer(kDiffExamples);
  return {&app, [options](Output& out) { return run_diff(*options, out); }};
}

}  // namespace microgpt
