// microgpt eval: how well a model predicts documents.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "data_source.h"
#include "message.h"
#include "microgpt/checkpoint.h"
#include "microgpt/evaluate.h"

namespace microgpt {
namespace {

struct EvalOptions {
  std::string model;
  std::string data;
  Encoding encoding = Encoding::kUtf8;
  EngineChoice engine;
  bool json = false;
};

std::string format_json(const Evaluation& e, const std::string& data_sha256) {
  const nlohmann::ordered_json object = {{"documents", e.documents},
                                         {"truncated", e.truncated},
                                         {"tokens", e.tokens},
                                         {"characters", e.characters},
                                         {"loss_per_token", e.loss_per_token},
                                         {"loss_per_document", e.loss_per_document},
                                         {"perplexity", e.perplexity},
                                         {"bits_per_character", e.bits_per_character},
                                         {"uniform_loss", e.uniform_loss},
                                         {"bigram_loss", e.bigram_loss},
                                         {"data_sha256", data_sha256}};
  return object.dump(2) + "\n";
}

std::string format_table(const Evaluation& e, const LoadedData& data) {
  const auto row = [](const char* name, double loss) {
    return fmt::format("  {:<16} {:>14.4f} {:>12.2f}\n", name, loss, std::exp(loss));
  };
  const bool windows = data.dataset.sequences() == Sequences::kWindows;
  return fmt::format("data                {}\n", printable(data.origin)) +
         (windows ? fmt::format("windows             {}\n", grouped(e.documents))
                  : fmt::format("documents           {}, {} of them cut at the block\n",
                                grouped(e.documents), grouped(e.truncated))) +
         fmt::format("predicted tokens    {}\n\n", grouped(static_cast<std::size_t>(e.tokens))) +
         fmt::format("  {:<16} {:>14} {:>12}\n", "", "loss per token", "perplexity") +
         row("model", e.loss_per_token) + row("bigrams", e.bigram_loss) +
         row("uniform", e.uniform_loss) + "\n" +
         fmt::format("loss per {}   {:.4f}\n", windows ? "window  " : "document",
                     e.loss_per_document) +
         fmt::format("bits per character  {:.4f}\n", e.bits_per_character);
}

int run_eval(const EvalOptions& options, Output& out) {
  Model model = read_model(options.model);
  const Sequences sequences =
      model.provenance ? model.provenance->sequences : Sequences::kDocuments;
  const LoadedData data = load_data(options.data, options.encoding, sequences);
  const auto engine = take_engine(options.engine, model);
  const Evaluation e = evaluate(*engine, model.config, model.tokenizer, data.dataset);
  out.write(options.json ? format_json(e, data.dataset.sha256()) : format_table(e, data));
  return 0;
}

constexpr char kEvalExamples[] = R"(Examples:
  microgpt eval out --data held_out.txt       documents that the model has not learned from
  microgpt eval model.json --data names --json)";

}  // namespace

Command eval_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "eval",
      "Measure how well a model predicts documents: loss, perplexity, bits per character.\n"
      "Beside it stand a uniform guess and a bigram table that has seen the other documents.\n"
      "For a model of --sequences windows the file is one text, cut into windows side by side.");
  const auto options = std::make_shared<EvalOptions>();
  add_model(app, options->model);
  add_value(app, "--data", &options->data, "FILE|names|embedded", "", "what to predict")
      ->required();
  add_value(app, "--encoding", &options->encoding, choices(&options->encoding), "", "of the data");
  add_engine(app, options->engine);
  app.add_flag("--json", options->json, "print a JSON object");
  app.footer(kEvalExamples);
  return {&app, [options](Output& out) { return run_eval(*options, out); }};
}

}  // namespace microgpt
