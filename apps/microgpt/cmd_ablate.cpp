// microgpt ablate: what each part of the model buys.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "ablation_report.h"
#include "command.h"
#include "data_source.h"
#include "interrupt.h"
#include "message.h"
#include "microgpt/error.h"
#include "progress.h"
#include "setting_options.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

// What `train` has too.
constexpr std::array<std::string_view, 18> kAblationSettings = {
    "edition",  "n_embd",     "n_head",     "n_layer",       "block_size", "activation",
    "init_std", "batch_size", "grad_accum", "learning_rate", "schedule",   "optimizer",
    "beta1",    "beta2",      "eps_adam",   "data",          "encoding",   "threads"};

struct AblateOptions {
  std::vector<Assignment> flags;
  std::int64_t num_steps = 1000;
  std::string variants;  // with commas; empty: all that can be made
  AblationConfig config;
  bool json = false;
  std::string svg, html;
  bool list = false;
};

// The settings of the unchanged model.
Settings base_settings(const AblateOptions& options) {
  Settings settings = parse_flags(options.flags);
  settings.train.num_steps = options.num_steps;
  settings.check();
  return settings;
}

// The unchanged one and those asked for.
std::vector<Variant> variants_asked_for(const std::string& list, const Settings& base) {
  std::vector<std::string> names = {std::string(variant_names().front())};
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string name = list.substr(begin, end - begin);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    begin = end + 1;
  }
  std::vector<Variant> variants;
  for (const std::string& name : names) {
    variants.push_back(make_variant(name, base.config, base.train));
  }
  return variants;
}

// All that change something in this model, and a word about the others.
std::vector<Variant> all_variants(const Settings& base) {
  std::vector<Variant> variants;
  for (const std::string_view name : variant_names()) {
    try {
      variants.push_back(make_variant(name, base.config, base.train));
    } catch (const Error& error) {
      print_note(fmt::format("left out: {}", error.what()));
    }
  }
  return variants;
}

std::vector<Variant> choose_variants(const AblateOptions& options, const Settings& base) {
  return options.variants.empty() ? all_variants(base) : variants_asked_for(options.variants, base);
}

std::string list_variants(const std::vector<Variant>& variants) {
  std::string list;
  for (const Variant& variant : variants) {
    list += fmt::format("{:<13} {}\n", variant.name,
                        variant.change.empty() ? "as the settings say" : variant.change);
  }
  return list;
}

std::string print_ablation_settings(const Settings& base) {
  const Json all = Json::parse(print_config(base));
  Json some = {{"num_steps", base.train.num_steps}};
  for (const std::string_view key : kAblationSettings) {
    if (key != "data" && key != "threads") some[std::string(key)] = all[std::string(key)];
  }
  return some.dump();
}

std::vector<VariantResult> run_study(const LoadedData& data, const Tokenizer& tokenizer,
                                     const std::vector<Variant>& variants,
                                     const AblationConfig& config) {
  StatusLine line;
  const auto start = std::chrono::steady_clock::now();
  return ablate(data.dataset, tokenizer, variants, config, [&](const AblationProgress& progress) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const auto done = static_cast<double>(progress.runs_done);
    const double left = seconds.count() / done * (static_cast<double>(progress.runs) - done);
    line.draw(fmt::format("ablate: {} of {} runs{}", grouped(progress.runs_done),
                          grouped(progress.runs),
                          done > 0 ? ", " + describe_seconds(left) + " left" : ""));
    return caught_interrupt() == 0;
  });
}

void write_file(const std::string& path, const std::string& what, const std::string& bytes) {
  if (path.empty()) return;
  OutputFile::write_whole(path, bytes);
  print_note(fmt::format("the {} is in {}", what, shell_quoted(path)));
}

// Each is written whether the other can be or not.
void write_files(const AblateOptions& options, const AblationReport& report) {
  std::exception_ptr failed;
  try {
    write_file(options.svg, "picture", ablation_svg(report));
  } catch (const Error&) {
    failed = std::current_exception();
  }
  write_file(options.html, "report", ablation_html(report));
  if (failed) std::rethrow_exception(failed);
}

int run_ablate(AblateOptions options, Output& out) {
  Settings base = base_settings(options);
  options.config.threads = base.threads;
  options.config.check();
  if (options.list) {
    base.config.vocab_size = 2;  // any
    out.write(list_variants(choose_variants(options, base)));
    return 0;
  }
  const LoadedData data = load_data(base.data, base.encoding, Sequences::kDocuments);
  const Tokenizer tokenizer = Tokenizer::from_dataset(data.dataset, base.train.edition);
  base.config.vocab_size = tokenizer.vocab_size();
  AblationReport report{.data = data.origin,
                        .data_sha256 = data.dataset.sha256(),
                        .documents = data.dataset.size(),
                        .settings = print_ablation_settings(base),
                        .config = options.config};
  const std::vector<Variant> variants = choose_variants(options, base);
  catch_interrupts();
  report.results = run_study(data, tokenizer, variants, options.config);
  const int status = interrupt_status();
  report.was_stopped = status != 0;
  if (report.base().held_out_loss.n + report.base().diverged == 0) return status;
  if (report.was_stopped) print_note("stopped: this is of the runs that are done");
  // First, so that a file that can't be written costs no more than itself.
  out.write(options.json ? ablation_json(report) : ablation_table(report));
  out.flush();
  write_files(options, report);
  return status;
}

constexpr char kAblateExamples[] = R"(Examples:
  microgpt ablate                             the default model: a minute of processor time
  microgpt ablate --list                      what can be changed
  microgpt ablate --variants no-rmsnorm,no-wpe --seeds 20
  microgpt ablate --data towns.txt --n-embd 32 --steps 3000 --html towns.html
  microgpt ablate --json > ablation.json)";

}  // namespace

Command ablate_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "ablate",
      "Measure what each part of the model buys: change one thing at a time, over many seeds.\n"
      "Each variant is trained as the unchanged model is, and judged on documents that neither "
      "has\n"
      "learned from; differences are between runs of the same seed, with confidence intervals.");
  const auto options = std::make_shared<AblateOptions>();
  AblationConfig& config = options->config;
  add_value(app, "--variants", &options->variants, "NAMES", "",
            "what to change, with commas between (default: all, see --list)");
  app.add_flag("--list", options->list, "list the variants and stop");
  add_value(app, "--seeds", &config.seeds, "N", "1 or more", "runs of each variant");
  add_value(app, "--seed", &config.first_seed, "N", "0 to 18446744073709551615",
            "of the first run; the others have those that follow");
  add_value(app, "--steps,--num-steps", &options->num_steps, "N", "1 or more", "of each run");
  add_value(app, "--held-out", &config.held_out, "X", "above 0 and below 1",
            "share of the different texts to judge by");
  app.add_flag("--json", options->json, "print JSON, see docs/ablation.md");
  add_value(app, "--svg", &options->svg, "FILE", "", "write a picture of the differences");
  add_value(app, "--html", &options->html, "FILE", "", "write a report that needs no other file");
  for (const Setting& setting : all_settings()) {
    const bool taken = std::ranges::find(kAblationSettings, setting.key) != kAblationSettings.end();
    if (taken) add_setting(app, setting, options->flags);
  }
  app.footer(kAblateExamples);
  return {&app, [options](Output& out) { return run_ablate(*options, out); }};
}

}  // namespace microgpt
