// microgpt export: a model as a file for other programs and for chips.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "command.h"
#include "data_source.h"
#include "message.h"
#include "microgpt/error.h"
#include "microgpt/evaluate.h"
#include "microgpt/export.h"
#include "site.h"

namespace microgpt {
namespace {

struct ExportSettings {
  std::string model, to, out, weights, data;
  std::string prefix = ExportOptions().prefix;
  const CLI::Option* prefix_option = nullptr;
};

// So that a measurement takes seconds: of a data set, documents at even distances; of a text, its
// beginning.
Dataset sample_of(const LoadedData& loaded, const Config& config) {
  constexpr std::size_t kMostProducts = 10'000'000'000;
  const Dataset& all = loaded.dataset;
  const auto block_size = static_cast<std::size_t>(config.block_size);
  const std::size_t most = std::max<std::size_t>(100, kMostProducts / config.num_params());
  if (all.sequences() == Sequences::kWindows) {
    const std::string_view text = all[0];
    const std::size_t end = text.size() <= most ? text.size() : text.rfind('\n', most);
    return Dataset(std::string(text.substr(0, end)), loaded.origin, Encoding::kUtf8,
                   Sequences::kWindows);
  }
  const std::size_t count = std::min(std::max<std::size_t>(most / block_size, 10), all.size());
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines += all[i * all.size() / count];
    lines += '\n';
  }
  return Dataset(std::move(lines), loaded.origin);
}

double loss_of(const Model& model, const Dataset& data) {
  Model copy = model;
  const auto engine = take_engine({}, copy);
  return evaluate(*engine, model.config, model.tokenizer, data).loss_per_token;
}

LoadedData load_what_to_predict(const Model& model, const std::string& data) {
  const Provenance made = model.provenance.value_or(Provenance());
  if (data.empty() && !model.provenance) {
    throw Error("the model does not say what it learned from; --data names documents to predict");
  }
  return load_data(data.empty() ? made.data : data, made.encoding, made.sequences);
}

// What the rounding of the weights costs. The data that the model learned from is not always at
// hand; what was asked for must be.
std::string loss_remark(const Model& model, Weights weights, const std::string& data) {
  try {
    const LoadedData loaded = load_what_to_predict(model, data);
    const Dataset part = sample_of(loaded, model.config);
    const double before = loss_of(model, part);
    const double after = loss_of(round_weights(model, weights), part);
    return fmt::format(
        "Loss in nats a token: {:.5f}, and {:.5f} with the weights in {}, {:+.5f}.\nMeasured on {} "
        "{} "
        "of {}.",
        before, after, to_string(weights), after - before, grouped(part.size()),
        part.sequences() == Sequences::kWindows ? "text" : "documents",
        std::filesystem::path(loaded.provenance).filename().string());
  } catch (const Error& error) {
    if (!data.empty()) throw;
    return fmt::format("What the rounding of the weights costs was not measured: {}.",
                       error.what());
  }
}

bool is_rounded(Weights weights) { return weights == Weights::kInt8 || weights == Weights::kQ4_12; }

// Of the web lab, if the program has it.
WasmParts wasm_parts() {
  WasmParts parts;
  for (const SiteFile& file : embedded_site()) {
    if (file.path == "microgpt.wasm") parts.library = file.bytes;
    if (file.path == "standalone.js") parts.module = file.bytes;
  }
  return parts;
}

ExportOptions options_for(const ExportTarget& target, const ExportSettings& settings,
                          const Model& model) {
  ExportOptions options{
      .weights = target.weights.front(), .prefix = settings.prefix, .wasm = wasm_parts()};
  if (!settings.weights.empty()) options.weights = parse_weights(settings.weights);
  if (is_rounded(options.weights)) {
    options.remark = loss_remark(model, options.weights, settings.data);
  } else if (!settings.data.empty()) {
    throw UsageError(fmt::format("--data: says what rounding costs, and {} rounds nothing",
                                 to_string(options.weights)));
  }
  return options;
}

void check_export(const ExportTarget& target, const ExportSettings& settings) {
  if (settings.prefix_option->count() > 0 && !target.has_prefix) {
    throw UsageError(fmt::format("--name: is for c-header, not for {}", target.name));
  }
  if (settings.out.empty() && !target.is_text && isatty(STDOUT_FILENO) != 0) {
    throw UsageError(
        fmt::format("--out: expected a file, as {} is nothing for a terminal", target.name));
  }
}

void write_export(const std::string& bytes, const ExportTarget& target,
                  const ExportOptions& options, const ExportSettings& settings, Output& out) {
  if (settings.out.empty()) {
    out.write(bytes);
  } else {
    OutputFile::write_whole(settings.out, bytes);
    print_note(fmt::format("{} bytes of {} with weights in {} are in {}", grouped(bytes.size()),
                           target.name, to_string(options.weights), shell_quoted(settings.out)));
  }
  if (!options.remark.empty()) print_note(options.remark);
}

int run_export(const ExportSettings& settings, Output& out) {
  const ExportTarget& target = find_export_target(settings.to);
  check_export(target, settings);
  const Model model = read_model(settings.model);
  const ExportOptions options = options_for(target, settings, model);
  write_export(export_model(model, target, options), target, options, settings, out);
  return 0;
}

std::string target_names() {
  std::vector<std::string_view> names;
  for (const ExportTarget& target : export_targets()) names.push_back(target.name);
  return fmt::format("{}", fmt::join(names, "|"));
}

std::string target_list() {
  std::string list = "Targets, and the weights that they hold:\n";
  for (const ExportTarget& target : export_targets()) {
    std::vector<std::string_view> weights;
    for (const Weights w : target.weights) weights.push_back(to_string(w));
    list += fmt::format("  {:<12} {}; {}\n", target.name, target.what, fmt::join(weights, ", "));
  }
  return list;
}

constexpr char kExportExamples[] = R"(
Examples:
  microgpt export out --to c-header --name names --out names.h
  microgpt export out --to c-header --weights int8 --data held_out.txt --out gpt.h
  microgpt export out --to python --out names.py; python3 names.py --seed 7
  microgpt export out --to safetensors --out names.safetensors
  microgpt sample names.safetensors)";

}  // namespace

Command export_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "export",
      "Write a model as a file for other programs and for chips.\n"
      "Some files hold the weights alone, some the inference, too, and need nothing else.\n"
      "docs/export.md says how each is used. What rounding weights costs is measured, and told.");
  const auto settings = std::make_shared<ExportSettings>();
  add_model(app, settings->model);
  add_value(app, "--to", &settings->to, target_names(), "", "what to write")->required();
  add_value(app, "--out", &settings->out, "FILE", "", "write here, not to standard output");
  add_value(app, "--weights", &settings->weights, "float64|float32|int8|q4.12", "",
            "how weights are held (default: the first that the target has)");
  settings->prefix_option = add_value(app, "--name", &settings->prefix, "NAME", "",
                                      "what the names in a c-header begin with");
  add_value(app, "--data", &settings->data, "FILE|names|embedded", "",
            "what to measure the loss of rounded weights on (default: the training data)");
  app.footer(target_list() + kExportExamples);
  return {&app, [settings](Output& out) { return run_export(*settings, out); }};
}

}  // namespace microgpt
