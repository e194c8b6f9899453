#include "book/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "microgpt/book.h"
#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/error.h"
#include "microgpt/random.h"
#include "microgpt/sampler.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

constexpr std::size_t kNamedDocuments = 10;
constexpr int kSamples = 20;  // of microgpt.py

Facts numbers(std::vector<double> data, std::size_t first = 0) {
  return {.shape = {data.size()}, .data = std::move(data), .first = first};
}

Facts texts(std::vector<std::string> texts, std::size_t first = 0) {
  return {.shape = {texts.size()}, .texts = std::move(texts), .first = first};
}

std::string letter(const Tokenizer& tokenizer, int token) {
  return token == tokenizer.bos() ? "BOS" : std::string(tokenizer.token_text(token));
}

// The likeliest letter after each position.
std::vector<std::string> best_letters(const Trace& trace, const Tokenizer& tokenizer) {
  std::vector<std::string> best;
  for (std::size_t i = 0; i + 1 < trace.tokens.size(); ++i) {
    const auto& probs = trace.traced[find_traced(trace, fmt::format("pos{}.probs", i))].data;
    const auto token = std::max_element(probs.begin(), probs.end()) - probs.begin();
    best.push_back(letter(tokenizer, static_cast<int>(token)));
  }
  return best;
}

FactTable facts_of_step(const Model& model, const Trace& trace, const std::string& text) {
  const Config& c = model.config;
  std::vector<std::string> letters;
  for (const int token : trace.tokens) letters.push_back(letter(model.tokenizer, token));
  const auto n = static_cast<double>(trace.tokens.size() - 1);
  return {{"text", {.texts = {text}}},
          {"tokens", numbers({trace.tokens.begin(), trace.tokens.end()})},
          {"letters", texts(std::move(letters))},
          {"best", texts(best_letters(trace, model.tokenizer))},
          {"n", number(n)},
          {"last", number(n - 1)},
          {"bos", number(model.tokenizer.bos())},
          {"vocab_size", number(c.vocab_size)},
          {"n_embd", number(c.n_embd)},
          {"n_head", number(c.n_head)},
          {"n_layer", number(c.n_layer)},
          {"block_size", number(c.block_size)},
          {"head_dim", number(c.head_dim())},
          {"num_params", number(static_cast<double>(c.num_params()))}};
}

Facts facts_of(const Traced& traced) {
  return {.shape = traced.shape, .data = traced.data, .grad = traced.grad};
}

std::vector<std::string> first_documents(const Dataset& dataset) {
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < std::min(kNamedDocuments, dataset.size()); ++i) {
    documents.emplace_back(dataset[i]);
  }
  return documents;
}

std::vector<double> learning_rates(const TrainConfig& config) {
  std::vector<double> rates;
  for (std::int64_t i = 0; i < config.num_steps; ++i) rates.push_back(learning_rate_at(config, i));
  return rates;
}

double mean_of_last(const std::vector<double>& losses) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(kLastLosses, losses.size()));
  return std::accumulate(losses.end() - count, losses.end(), 0.0) / static_cast<double>(count);
}

std::vector<std::string> sample(Engine& engine, const Model& model, PythonRandom& random) {
  std::vector<std::string> samples;
  const auto decoder = engine.new_decoder();
  for (int i = 0; i < kSamples; ++i) {
    samples.push_back(generate(*decoder, model.config, model.tokenizer, {}, "", random).text);
  }
  return samples;
}

}  // namespace

BookSteps::Run BookSteps::make_run(const std::string& documents) {
  const TrainConfig config;
  PythonRandom random(config.seed);
  Dataset dataset(documents, "the book's documents");
  dataset.shuffle(random);
  Tokenizer tokenizer = Tokenizer::from_dataset(dataset, config.edition);
  Config shape;
  shape.vocab_size = tokenizer.vocab_size();
  StateDict state = init_state_dict(shape, config, random);
  const auto engine = make_engine(default_engine(shape), shape);
  engine->load(state);
  std::vector<double> losses;
  train(*engine, shape, config, dataset, tokenizer, 0, [&](const StepReport& report) {
    losses.push_back(report.loss);
    return true;
  });
  Run run{.untrained = {shape, tokenizer, std::move(state), {}},
          .trained = {shape, tokenizer, engine->state_dict(), {}},
          .document = std::string(dataset[0]),
          .facts = {}};
  run.facts = {{"run.num_docs", number(static_cast<double>(dataset.size()))},
               {"run.docs", texts(first_documents(dataset))},
               {"run.num_letters", number(shape.vocab_size - 1)},
               {"run.num_params", number(static_cast<double>(shape.num_params()))},
               {"run.num_steps", number(static_cast<double>(config.num_steps))},
               {"run.blind_loss", number(std::log(shape.vocab_size))},
               {"run.mean_last_50", number(mean_of_last(losses))},
               {"run.lr", numbers(learning_rates(config), 1)},
               {"run.sample", texts(sample(*engine, run.trained, random), 1)}};
  run.facts.emplace("run.loss", numbers(std::move(losses), 1));
  return run;
}

const BookSteps::Run& BookSteps::run() {
  if (!run_) run_ = make_run(documents_);
  return *run_;
}

BookSteps::Step BookSteps::make_step(const Model& model, const std::optional<OptimizerStep>& update,
                                     const std::string& text, std::span<const int> tokens) {
  if (tokens.size() == 2) throw Error("the text to follow: expected a letter or more, got none");
  Trace trace = microgpt::trace(model.config, model.state, tokens,
                                {.backward = true, .step = update, .round = {}, .cache = {}});
  FactTable facts = facts_of_step(model, trace, text);
  return {std::move(trace), std::move(facts)};
}

BookSteps::Step BookSteps::make_step(std::string_view scene) {
  const OptimizerStep first_update = optimizer_step_at(TrainConfig(), 0);
  if (scene == "toy") {
    const Model toy = toy_model();
    return make_step(toy, first_update, kToyText, toy.tokenizer.encode_document(kToyText));
  }
  if (!scene.empty() && scene != "trained") {
    throw Error(fmt::format("expected toy: or trained:, got {}:", scene));
  }
  const bool trained = !scene.empty();
  if (trained && follows_model_) throw Error("no training is known of the model that is followed");
  std::vector<int> tokens = run().untrained.tokenizer.encode_document(text());
  const auto most = static_cast<std::size_t>(run().untrained.config.block_size) + 1;
  if (!follows_other()) tokens.resize(std::min(tokens.size(), most));  // as training does
  if (trained) return make_step(run().trained, std::nullopt, text(), tokens);
  return make_step(run().untrained, first_update, text(), tokens);
}

const BookSteps::Step& BookSteps::step(std::string_view scene) {
  const auto found = steps_.find(scene);
  if (found != steps_.end()) return found->second;
  return steps_.emplace(scene, make_step(scene)).first->second;
}

void BookSteps::follow(const std::string& text) {
  followed_text_ = text;
  follows_model_ = false;
  steps_.clear();
  step("");
}

void BookSteps::follow(const Model& model, const std::optional<OptimizerStep>& update,
                       const std::string& text) {
  followed_text_ = text;
  follows_model_ = true;
  steps_.clear();
  steps_.emplace("", make_step(model, update, text, model.tokenizer.encode_document(text)));
}

Facts BookSteps::look_up(std::string_view scene, std::string_view name) {
  if (name.starts_with("run.")) {
    const auto found = run().facts.find(name);
    if (found == run().facts.end()) throw Error(fmt::format("the run has no {}", name));
    return found->second;
  }
  const Step& known = step(scene);
  const auto found = known.facts.find(name);
  if (found != known.facts.end()) return found->second;
  return facts_of(known.trace.traced[find_traced(known.trace, name)]);
}

}  // namespace microgpt
