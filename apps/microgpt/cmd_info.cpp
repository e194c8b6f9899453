// microgpt info: what is in a model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "message.h"
#include "microgpt/checkpoint.h"
#include "microgpt/state_dict.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  std::string model;
  bool json = false;
};

Json json_of(const Provenance& p) {
  return {{"version", p.version},
          {"engine", p.engine},
          {"data", p.data},
          {"data_sha256", p.data_sha256},
          {"encoding", to_string(p.encoding)},
          {"sequences", to_string(p.sequences)},
          {"step", p.step},
          {"edition", to_string(p.train.edition)},
          {"seed", p.train.seed},
          {"num_steps", p.train.num_steps},
          {"learning_rate", p.train.learning_rate},
          {"beta1", p.train.beta1},
          {"beta2", p.train.beta2},
          {"eps_adam", p.train.eps_adam},
          {"init_std", p.train.init_std},
          {"optimizer", to_string(p.train.optimizer)},
          {"schedule", to_string(p.train.schedule)},
          {"batch_size", p.train.batch_size},
          {"grad_accum", p.train.grad_accum}};
}

Json json_of(const Config& c) {
  Json object = {{"n_layer", c.n_layer},
                 {"n_embd", c.n_embd},
                 {"block_size", c.block_size},
                 {"n_head", c.n_head},
                 {"head_dim", c.head_dim()},
                 {"vocab_size", c.vocab_size},
                 {"activation", to_string(c.activation)}};
  for (const auto& [name, part] : kPartNames) object[std::string(name)] = c.parts.*part;
  return object;
}

Json names_of_tokens(const Tokenizer& tokenizer) {
  Json names = Json::array();
  for (int token = 0; token < tokenizer.vocab_size(); ++token) {
    if (token != tokenizer.bos()) names.push_back(tokenizer.token_name(token));
  }
  return names;
}

std::string format_json(const Model& model) {
  Json parameters = Json::array();
  for (const Tensor& tensor : model.state.params) {
    parameters.push_back({{"name", tensor.name},
                          {"shape", {tensor.rows, tensor.cols}},
                          {"count", tensor.rows * tensor.cols}});
  }
  Json object = {{"config", json_of(model.config)},
                 {"num_params", model.config.num_params()},
                 {"parameters", std::move(parameters)},
                 {"tokenizer",
                  {{"tokens", to_string(model.tokenizer.kind())},
                   {"bos", model.tokenizer.bos()},
                   {"uchars", names_of_tokens(model.tokenizer)}}},
                 {"provenance", nullptr},
                 {"params_sha256", params_sha256(model.state)}};
  if (model.provenance) object["provenance"] = json_of(*model.provenance);
  return object.dump(2) + "\n";
}

std::string format_parameters(const Model& model) {
  std::string text;
  for (const Tensor& tensor : model.state.params) {
    text += fmt::format("  {:<20} {:>7} x {:<7} {:>15}\n", tensor.name, tensor.rows, tensor.cols,
                        grouped(tensor.rows * tensor.cols));
  }
  return text +
         fmt::format("  {:<20} {:>17} {:>15}\n", "total", "", grouped(model.config.num_params()));
}

std::string_view unit_of(TokenKind kind) {
  return kind == TokenKind::kCodepoint  ? "letters"
         : kind == TokenKind::kGrapheme ? "graphemes"
                                        : "bytes";
}

// The letters in the order of their ids, some 64 a line.
std::string format_vocabulary(const Tokenizer& tokenizer) {
  constexpr std::size_t kPerLine = 64;
  std::string text;
  for (std::size_t i = 0; i < tokenizer.uchars().size(); ++i) {
    if (i % kPerLine == 0) text += i == 0 ? "  " : "\n  ";
    const std::string& letter = tokenizer.uchars()[i];
    text += letter == "\n" ? "\\n" : printable(letter);
  }
  return text + "\n";
}

std::string format_provenance(const Provenance& p) {
  const TrainConfig& t = p.train;
  return fmt::format("trained      {} of {} steps by microgpt {}, engine {}\n",
                     grouped(static_cast<std::size_t>(p.step)),
                     grouped(static_cast<std::size_t>(t.num_steps)), p.version, p.engine) +
         fmt::format("recipe       edition {}, seed {}, init_std {}, {}", to_string(t.edition),
                     t.seed, t.init_std, to_string(t.optimizer)) +
         (t.optimizer == Optimizer::kAdam ? fmt::format(" {} {} {}", t.beta1, t.beta2, t.eps_adam)
                                          : "") +
         fmt::format(", learning rate {} {}\n", t.learning_rate, to_string(t.schedule)) +
         fmt::format("a step       {} {}, {} in one pass\n", grouped(t.sequences_per_step()),
                     to_string(p.sequences), grouped(t.batch_size)) +
         fmt::format("data         {}, {}\n", p.data, to_string(p.encoding)) +
         fmt::format("             sha256 {}\n", p.data_sha256);
}

std::string format_table(const Model& model, const std::string& path) {
  const Config& c = model.config;
  return fmt::format("model        {}\n", printable(path)) +
         fmt::format(
             "sizes        n_layer {}, n_embd {}, n_head {}, head_dim {}, block_size {}, "
             "vocab_size {}\n",
             c.n_layer, c.n_embd, c.n_head, c.head_dim(), c.block_size, c.vocab_size) +
         fmt::format("activation   {}\n", to_string(c.activation)) +
         (c.parts == Parts() ? "" : fmt::format("left out     {}\n", missing_parts(c.parts))) +
         (model.provenance ? printable(format_provenance(*model.provenance)) : "") +
         fmt::format("tokenizer    {} {}, BOS is {}\n", model.tokenizer.uchars().size(),
                     unit_of(model.tokenizer.kind()), model.tokenizer.bos()) +
         format_vocabulary(model.tokenizer) + "parameters\n" + format_parameters(model) +
         fmt::format("  sha256 {}\n", params_sha256(model.state));
}

int run_info(const InfoOptions& options, Output& out) {
  const Model model = read_model(options.model);
  out.write(options.json ? format_json(model) : format_table(model, options.model));
  return 0;
}

constexpr char kInfoExamples[] = R"(Examples:
  microgpt info out
  microgpt info model.json --json)";

}  // namespace

Command info_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "info",
      "Show what a model is: its sizes, its table of parameters, its letters.\n"
      "A model trained by this program also says from which data and with which settings.");
  const auto options = std::make_shared<InfoOptions>();
  add_model(app, options->model);
  app.add_flag("--json", options->json, "print a JSON object");
  app.footer(kInfoExamples);
  return {&app, [options](Output& out) { return run_info(*options, out); }};
}

}  // namespace microgpt
