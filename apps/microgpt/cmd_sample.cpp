// microgpt sample: names from a model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.h"
#include "interrupt.h"
#include "microgpt/checkpoint.h"
#include "microgpt/policy.h"
#include "microgpt/sampler.h"
#include "policies.h"

namespace microgpt {
namespace {

struct SampleOptions {
  std::string model;
  std::int64_t count = 20;
  std::string prefix;
  SampleConfig how;
  std::uint64_t seed = 42;
  const CLI::Option* count_option = nullptr;
  const CLI::Option* temperature_option = nullptr;
  const CLI::Option* seed_option = nullptr;
  EngineChoice engine;
  bool own_streams = false;
  bool json = false;
  std::string forbid;  // a policy
  std::string length;  // as parse_length takes it
  const CLI::Option* forbid_option = nullptr;
  const CLI::Option* length_option = nullptr;
  Shape shape;
};

// A model, and how to draw from it.
struct Sampler {
  Model model;
  PythonRandom random;  // for engines that draw all documents from one stream
  std::uint64_t seed;   // for those that give each document its own
  std::int64_t count;
  SampleConfig how;
};

// Without --seed a run's folder goes on as the run did: with its stream, its temperature and its
// number of samples.
Sampler open_sampler(const SampleOptions& options) {
  const bool is_run = std::filesystem::exists(std::filesystem::path(options.model) / kTrainingFile);
  if (!is_run || options.seed_option->count() > 0) {
    return {read_model(options.model), PythonRandom(options.seed), options.seed, options.count,
            options.how};
  }
  TrainingRun run = read_run(options.model);
  const std::uint64_t seed = run.model.provenance.value().train.seed;
  Sampler sampler{std::move(run.model), PythonRandom(run.random), seed, options.count, options.how};
  if (options.count_option->count() == 0) sampler.count = run.num_samples;
  if (options.temperature_option->count() == 0) sampler.how.temperature = run.temperature;
  return sampler;
}

// What the options ask of a document; nothing if that is nothing.
std::optional<Constraint> constraint_of(const SampleOptions& options, const Model& model) {
  const auto block_size = static_cast<std::size_t>(model.config.block_size);
  Shape shape = options.shape;
  try {
    if (options.length_option->count() > 0) parse_length(options.length, shape);
  } catch (const Error& error) {
    throw UsageError(std::string("--") + error.what());
  }
  std::optional<Constraint> asked;
  if (shape != Shape()) asked = make_constraint(shape, model.tokenizer, block_size);
  if (options.forbid_option->count() == 0) return asked;
  const Policy policy = open_policy(options.forbid);
  note_unspellable_words(policy, model.tokenizer);
  Constraint forbidden = forbid(policy, model.tokenizer);
  return asked ? both(forbidden, *asked) : std::move(forbidden);
}

std::string format_json(const Sample& sample, const Tokenizer& tokenizer) {
  nlohmann::ordered_json tokens = nlohmann::ordered_json::array();
  for (const SampledToken& drawn : sample.tokens) {
    tokens.push_back({{"token", drawn.token},
                      {"text", tokenizer.token_name(drawn.token)},
                      {"probability", drawn.probability}});
  }
  const nlohmann::ordered_json object = {{"text", sample.text},
                                         {"complete", sample.complete},
                                         {"log_probability", sample.log_probability},
                                         {"tokens", std::move(tokens)}};
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

int run_sample(const SampleOptions& options, Output& out) {
  if (options.count < 0) {
    throw UsageError(fmt::format("-n: expected 0 or more, got {}", options.count));
  }
  options.how.check();
  auto [model, random, seed, count, how] = open_sampler(options);
  const auto constraint = constraint_of(options, model);
  if (constraint) how.constraint = &*constraint;
  const auto engine = take_engine(options.engine, model);
  const bool own_streams = options.own_streams || has_own_streams(*engine);
  catch_interrupts();
  if (own_streams && !options.json) {
    const auto take = [&](std::string_view text) {
      out.write(text);
      out.write("\n");
      return caught_interrupt() == 0;
    };
    generate_many(*engine, model.config, model.tokenizer, how, options.prefix, seed, count, take);
    return interrupt_status();
  }
  const auto decoder = engine->new_decoder();
  for (std::int64_t i = 0; i < count && caught_interrupt() == 0; ++i) {
    const auto draw = [&](auto& source) {
      return generate(*decoder, model.config, model.tokenizer, how, options.prefix, source);
    };
    const CounterRandom stream(seed, static_cast<std::uint64_t>(i));
    const Sample sample = own_streams ? draw(stream) : draw(random);
    out.write((options.json ? format_json(sample, model.tokenizer) : sample.text) + "\n");
  }
  return interrupt_status();
}

constexpr char kSampleExamples[] = R"(Examples:
  microgpt sample out                         the 20 names of microgpt.py
  microgpt sample out -n 5 --prefix jo        names that begin with jo
  microgpt sample out --seed 7 --temperature 1 --top-p 0.9
  microgpt sample out --length 4..6 --ends a --forbid fruits
  microgpt sample out -n 100000 --engine cpu  many at once
  microgpt sample model.json --json           with the probability of each letter)";

}  // namespace

Command sample_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "sample",
      "Print documents that a model makes up, one a line.\n"
      "Given a run's folder and no --seed, they are the ones that the run printed at its end.\n"
      "The engines reference and exact draw all from one stream of random numbers, as microgpt.py\n"
      "does; cpu gives each document of a small model its own and writes many at once: the i-th "
      "of\n"
      "a seed is the same whatever -n is.");
  const auto options = std::make_shared<SampleOptions>();
  add_model(app, options->model);
  options->count_option =
      add_value(app, "-n,--num-samples", &options->count, "N", "0 or more", "how many");
  add_value(app, "--prefix", &options->prefix, "TEXT", "", "what each begins with");
  options->temperature_option =
      add_value(app, "--temperature", &options->how.temperature, "X", "0 or more",
                "how adventurous; 0 takes the likeliest letter");
  add_value(app, "--top-k", &options->how.top_k, "K", "0 or more",
            "draw from the K likeliest letters only; 0 from all");
  add_value(app, "--top-p", &options->how.top_p, "P", "above 0 to 1",
            "draw from the likeliest letters that together reach P");
  options->seed_option = add_value(app, "--seed", &options->seed, "N", "0 to 18446744073709551615",
                                   "of the random numbers");
  add_engine(app, options->engine);
  app.add_flag("--own-streams", options->own_streams,
               "each document from random numbers of its own with any engine, as exports do");
  options->forbid_option =
      add_policy(app, "--forbid", options->forbid, "a policy: nothing that it bans is written");
  add_value(app, "--starts", &options->shape.starts, "TEXT", "", "what each must begin with");
  add_value(app, "--ends", &options->shape.ends, "TEXT", "", "what each must end with");
  options->length_option = add_value(app, "--length", &options->length, "MIN..MAX", "",
                                     "how many letters: 4..8, 4.., ..8 or 6");
  add_value(app, "--letters", &options->shape.letters, "TEXT", "", "all letters to make them of");
  add_value(app, "--tries", &options->how.tries, "N", fmt::format("1 to {}", kMaxTries),
            "how often to draw anew what is not allowed, before only allowed letters are drawn");
  app.add_flag("--json", options->json, "one JSON object a line, with probabilities");
  app.footer(kSampleExamples);
  return {&app, [options](Output& out) { return run_sample(*options, out); }};
}

}  // namespace microgpt
