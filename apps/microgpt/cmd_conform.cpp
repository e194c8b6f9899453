// microgpt conform: is a port right, and if not, where does it go wrong?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "data_source.h"
#include "input.h"
#include "message.h"
#include "microgpt/conform.h"
#include "settings.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kExitWrong = 3;
constexpr int kSeeds = 1000, kFewestSeeds = 100, kMostSeeds = 100'000;
constexpr std::size_t kMaxBytes = std::size_t{1} << 28;

// The settings that numbers depend on.
constexpr std::string_view kKeys[] = {"edition",       "n_embd",   "n_head",     "n_layer",
                                      "block_size",    "init_std", "seed",       "num_steps",
                                      "learning_rate", "schedule", "optimizer",  "beta1",
                                      "beta2",         "eps_adam", "temperature"};

struct ConformOptions {
  std::string action;
  std::string path;
  std::string recipe;  // empty: final
  std::string vectors;
  std::string data;
  std::vector<Assignment> flags;
  bool own_rng = false;
  int seeds = kSeeds;
  bool json = false;
};

std::string read_log(const std::string& path) {
  constexpr std::size_t kOneTooMany = kMaxBytes + 1;
  std::string bytes =
      path == "-" ? read_standard_input(kOneTooMany) : read_bytes(path, kOneTooMany);
  if (bytes.size() > kMaxBytes) {
    throw Error(fmt::format("{}: expected at most {} bytes, got more", path, kMaxBytes));
  }
  return bytes;
}

conform::Recipe recipe_of(const ConformOptions& options) {
  conform::Recipe recipe;
  Settings settings;
  try {
    recipe = conform::find_recipe(options.recipe.empty() ? "final" : options.recipe);
    settings = default_settings(recipe.train.edition);
    settings.config = recipe.config;
    settings.train = recipe.train;
    settings.temperature = recipe.temperature;
    assign(settings, options.flags);
    settings.check();
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  recipe.config = settings.config;
  recipe.train = settings.train;
  recipe.temperature = settings.temperature;
  return recipe;
}

// What a log is compared with.
struct Reference {
  conform::Recipe recipe;
  LoadedData data;
};

Reference reference_of(const ConformOptions& options) {
  if (options.vectors.empty()) {
    return {recipe_of(options), load_data(options.data, Encoding::kUtf8, Sequences::kDocuments)};
  }
  if (!options.flags.empty() || !options.recipe.empty()) {
    throw UsageError("--vectors: recipe and settings are in the file");
  }
  const conform::VectorsInput input =
      conform::read_vectors(read_log(options.vectors), options.vectors);
  if (input.documents) {
    return {input.recipe,
            {*input.documents, options.vectors, "the documents of " + options.vectors}};
  }
  const LoadedData data = load_data(options.data, Encoding::kUtf8, Sequences::kDocuments);
  if (data.dataset.sha256() == input.data_sha256) return {input.recipe, data};
  throw Error(fmt::format("{}: made on data of SHA-256 {}, got {} from {}; give it with --data",
                          options.vectors, input.data_sha256, data.dataset.sha256(), data.origin));
}

// "step1.pos2.layer0.head1.weights" as "step 1, position 2, layer0.head1.weights[3]".
std::string format_place(const conform::Place& place) {
  std::string text, name = place.name;
  const auto take = [&](std::string_view prefix, std::string_view word) {
    const std::size_t digits = name.find_first_not_of("0123456789", prefix.size());
    if (!name.starts_with(prefix) || digits == prefix.size()) return;
    text += fmt::format("{} {}", word, name.substr(prefix.size(), digits - prefix.size()));
    name = digits == std::string::npos ? "" : name.substr(digits + 1);
    if (!name.empty()) text += ", ";
  };
  take("step", "step");
  const bool grad = name.starts_with("grad.");
  if (grad) name = name.substr(5);
  take("pos", "position");
  take("sample", "sample");
  if (name.empty()) return printable(text);
  if (grad) text += "gradient of ";
  const bool single = name == "loss";
  return printable(text + name + (single ? "" : fmt::format("[{}]", place.index)));
}

std::string format_first(const conform::Place& place) {
  return fmt::format("  {}\n    expected  {}\n    got       {}\n", format_place(place),
                     printable(place.expected), printable(place.got));
}

std::string format_causes(const conform::Verdict& verdict) {
  if (verdict.answer != conform::Answer::kWrong && verdict.causes.empty()) return "";
  if (!verdict.diagnosed) return "The catalogue of mistakes is for small models of microgpt.py.\n";
  if (verdict.causes.empty()) {
    return fmt::format("No mistake of the catalogue{} gives these {}: unknown.\n",
                       verdict.paired ? ", nor two of them," : "",
                       verdict.training == conform::Answer::kWrong ? "numbers" : "samples");
  }
  std::string text = verdict.causes.size() == 1
                         ? "The cause, as a replay with this mistake shows:\n"
                         : "Each of these gives the port's numbers:\n";
  for (const conform::Cause& cause : verdict.causes) {
    text += fmt::format("  {}: {}\n    to mend it: {}\n", cause.id, cause.what, cause.mend);
  }
  return text;
}

std::string training_headline(const conform::Verdict& v) {
  switch (v.training) {
    case conform::Answer::kExact:
      return "right in every bit";
    case conform::Answer::kRounding:
      return fmt::format("right to {} digits: only rounding differs", v.digits);
    case conform::Answer::kPrinted:
      return v.losses == 0 ? "right as far as it was printed"
                           : fmt::format("right as far as it was printed, {} decimals", v.decimals);
    case conform::Answer::kFloat32:
      return fmt::format("right as far as float32 goes, {} digits", v.digits);
    default:
      return "wrong";
  }
}

std::string headline(const conform::Verdict& v) {
  std::string text = training_headline(v);
  if (v.numbers == 0 && v.samples > 0) text = v.first_sample ? "wrong" : "the samples are right";
  if (v.first_sample && v.numbers > 0) {
    text = fmt::format(
        "{}{}; the samples are others: another random stream, {}or a mistake in "
        "sampling",
        v.numbers == v.losses ? "losses " : "", text,
        v.training == conform::Answer::kFloat32 ? "float32's rounding " : "");
  }
  if (!v.unknown.empty()) {
    text +=
        fmt::format("; but {} name{} in the log {} of the run's, the first is {}",
                    grouped(v.unknown.size()), v.unknown.size() == 1 ? "" : "s",
                    v.unknown.size() == 1 ? "is none" : "are none", printable(v.unknown.front()));
  }
  return text;
}

std::string format_samples(const conform::Verdict& v) {
  if (v.samples > 0) return fmt::format("and {} samples ", grouped(v.samples));
  return v.answer == conform::Answer::kWrong ? "and no samples " : "";
}

std::string format_verdict(const conform::Verdict& v, const LoadedData& data) {
  std::string text = fmt::format("{}\n", headline(v));
  text += fmt::format("  {} numbers {}compared, losses of {} steps; a run of {} steps on {}\n",
                      grouped(v.numbers), format_samples(v), grouped(v.losses),
                      grouped(static_cast<std::size_t>(v.num_steps)), printable(data.origin));
  if (v.first) text += fmt::format("first that differs:\n{}", format_first(*v.first));
  if (v.first_sample && v.first->name != v.first_sample->name)
    text += format_first(*v.first_sample);
  text += format_causes(v);
  if (v.answer != conform::Answer::kWrong && v.numbers == 1 && v.losses == 1) {
    text +=
        "One loss proves next to nothing: gradients and updates show from the second step on.\n";
  }
  if (!v.every_digit && v.answer != conform::Answer::kWrong) {
    text +=
        "So few digits prove little: wrong arithmetic can hide below them. Print all 17, with\n"
        "repr() in Python, %.17g in C, {:?} in Rust, or any number in JavaScript.\n";
  }
  return text;
}

Json json_of(const std::optional<conform::Place>& place) {
  if (!place) return nullptr;
  return {{"name", place->name},
          {"index", place->index},
          {"expected", place->expected},
          {"got", place->got}};
}

std::string format_json(const conform::Verdict& v, const LoadedData& data) {
  Json object = {{"answer", to_string(v.answer)},
                 {"training", to_string(v.training)},
                 {"digits", v.digits},
                 {"every_digit", v.every_digit},
                 {"numbers", v.numbers},
                 {"losses", v.losses},
                 {"samples", v.samples},
                 {"num_steps", v.num_steps},
                 {"data_sha256", data.dataset.sha256()},
                 {"first", json_of(v.first)},
                 {"first_sample", json_of(v.first_sample)},
                 {"diagnosed", v.diagnosed},
                 {"paired", v.paired},
                 {"causes", Json::array()},
                 {"unknown", v.unknown}};
  for (const conform::Cause& cause : v.causes) {
    object["causes"].push_back(
        {{"id", cause.id}, {"what", cause.what}, {"mend", cause.mend}, {"off", cause.off}});
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// "wrong", "doubtful" or "plausible".
std::string_view answer_of(const std::vector<conform::Band>& bands) {
  if (std::ranges::any_of(bands, &conform::Band::outside)) return "wrong";
  const bool beyond_all =
      std::ranges::any_of(bands, [](const conform::Band& band) { return band.beyond == 0; });
  return beyond_all ? "doubtful" : "plausible";
}

std::string format_bands(const std::vector<conform::Band>& bands, int seeds) {
  const std::string_view answer = answer_of(bands);
  const std::string none =
      fmt::format("none of the {} seeds", grouped(static_cast<std::size_t>(seeds)));
  std::string text = answer == "wrong" ? fmt::format("wrong: {} gives such losses\n", none)
                     : answer == "doubtful"
                         ? fmt::format("doubtful: {} gives such losses, but some come near\n", none)
                         : "plausible: the losses could be those of another seed, which proves "
                           "no more\n";
  text += fmt::format("  {:>11} {:>9}   {:>9} {:>9} {:>9}   {}\n", "steps", "mean loss", "lowest",
                      "median", "highest", "seeds as far out");
  for (const conform::Band& band : bands) {
    text += fmt::format("  {:>11} {:9.4f}   {:9.4f} {:9.4f} {:9.4f}   {:.1f} %{}\n",
                        fmt::format("{}-{}", band.first_step, band.last_step), band.got, band.low,
                        band.median, band.high, 100 * band.beyond,
                        band.outside() ? ", far outside" : "");
  }
  return text;
}

std::string format_json(const std::vector<conform::Band>& bands, int seeds) {
  Json object = {{"answer", answer_of(bands)}, {"seeds", seeds}, {"bands", Json::array()}};
  for (const conform::Band& band : bands) {
    object["bands"].push_back({{"first_step", band.first_step},
                               {"last_step", band.last_step},
                               {"got", band.got},
                               {"low", band.low},
                               {"median", band.median},
                               {"high", band.high},
                               {"beyond", band.beyond},
                               {"deviations", band.deviations},
                               {"outside", band.outside()}});
  }
  return object.dump(2) + "\n";
}

int check_bands(const ConformOptions& options, const std::string& log, const Reference& reference,
                Output& out) {
  const int seeds = options.seeds;
  if (seeds < kFewestSeeds || seeds > kMostSeeds) {
    throw UsageError(
        fmt::format("--seeds: expected {} to {}, got {}", kFewestSeeds, kMostSeeds, seeds));
  }
  const auto bands = conform::check_with_own_generator(log, options.path, reference.recipe,
                                                       reference.data.dataset, seeds);
  out.write(options.json ? format_json(bands, seeds) : format_bands(bands, seeds));
  return answer_of(bands) == "wrong" ? kExitWrong : 0;
}

int run_check(const ConformOptions& options, Output& out) {
  if (options.path.empty()) throw UsageError("conform check: expected a log, got none");
  if (options.seeds != kSeeds && !options.own_rng) throw UsageError("--seeds: is for --own-rng");
  const std::string log = read_log(options.path);
  const Reference reference = reference_of(options);
  if (options.own_rng) return check_bands(options, log, reference, out);
  const LoadedData& data = reference.data;
  const conform::Verdict verdict =
      conform::check(log, options.path, reference.recipe, data.dataset);
  out.write(options.json ? format_json(verdict, data) : format_verdict(verdict, data));
  return verdict.answer == conform::Answer::kWrong ? kExitWrong : 0;
}

// The options that only check takes.
void expect_no_options(const ConformOptions& options) {
  if (!options.flags.empty() || !options.recipe.empty() || !options.vectors.empty() ||
      options.own_rng || options.seeds != kSeeds) {
    throw UsageError(
        fmt::format("conform {}: recipe, settings, --vectors, --own-rng and --seeds are for check",
                    options.action));
  }
}

int run_vectors(const ConformOptions& options, Output& out) {
  expect_no_options(options);
  if (options.json) throw UsageError("conform vectors: --json is for check and mistakes");
  if (options.path.empty()) throw UsageError("conform vectors: expected a folder, got none");
  const LoadedData data = load_data(options.data, Encoding::kUtf8, Sequences::kDocuments);
  const std::size_t bytes = conform::write_vectors(options.path, data.dataset);
  out.write(fmt::format("{} bytes of vectors in {}, made on {}\n", grouped(bytes),
                        printable(options.path), printable(data.origin)));
  return 0;
}

// The catalogue.
int run_mistakes(const ConformOptions& options, Output& out) {
  expect_no_options(options);
  if (!options.path.empty() || !options.data.empty()) {
    throw UsageError("conform mistakes: expected no file and no data");
  }
  Json array = Json::array();
  for (const conform::KnownMistake& known : conform::catalogue()) {
    if (!options.json) {
      out.write(fmt::format("{}\n  {}\n  to mend it: {}\n", known.id, known.what, known.mend));
    }
    array.push_back({{"id", known.id}, {"what", known.what}, {"mend", known.mend}});
  }
  if (options.json) out.write(array.dump(2) + "\n");
  return 0;
}

int run_conform(const ConformOptions& options, Output& out) {
  if (options.action == "check") return run_check(options, out);
  if (options.action == "vectors") return run_vectors(options, out);
  if (options.action == "mistakes") return run_mistakes(options, out);
  throw UsageError(fmt::format("conform: unknown action '{}', expected check, vectors or mistakes",
                               options.action));
}

void add_setting(CLI::App& app, const Setting& setting, std::vector<Assignment>& flags) {
  Settings settings;
  const std::string flag = flag_of(setting), names = choices(setting.target(settings));
  const auto take = [&flags, &setting, flag](const std::string& value) {
    flags.push_back({&setting, flag, value});
  };
  app.add_option_function<std::string>(flag, take, setting.help)
      ->type_name(names.empty() ? setting.type : names)
      ->group("The port's settings, where they are not the recipe's");
}

constexpr char kConformExamples[] = R"(Examples:
  ./my_port > run.txt; microgpt conform check run.txt
  ./my_port | microgpt conform check -            losses, one a line, or microgpt.py's output
  microgpt conform check losses.csv --data towns.txt --n-layer 2
  microgpt conform check run.txt --own-rng        a port with random numbers of its own
  microgpt conform check run.txt --recipe first   a port of the first edition
  microgpt conform vectors vectors                numbers to test a port with, as JSON
  microgpt conform check dump.json --vectors vectors/two_layers.json
  microgpt conform mistakes                       what is known of ports that go wrong)";

}  // namespace

Command conform_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "conform",
      "Tell whether a port of microgpt.py is right, and if not, where it goes wrong.\n"
      "check compares what a port printed or dumped with the right numbers, names the first that\n"
      "differs and the known mistake that gives it: exit status 0 for right, 3 for wrong. vectors\n"
      "writes numbers to test a port with, mistakes lists the known ones.");
  const auto options = std::make_shared<ConformOptions>();
  add_value(app, "ACTION", &options->action, "check|vectors|mistakes", "", "what to do")
      ->required();
  add_value(app, "PATH", &options->path, "FILE|DIR", "",
            "the port's log (- is standard input), or the folder for vectors");
  add_value(app, "--recipe", &options->recipe,
            fmt::format("{}", fmt::join(conform::recipe_names(), "|")), "",
            "the program that was ported");
  add_value(app, "--data", &options->data, "FILE|names|embedded", "",
            "what it was trained on; without: input.txt or names");
  add_value(app, "--vectors", &options->vectors, "FILE", "",
            "compare with the run of this file of vectors");
  for (const Setting& setting : all_settings()) {
    if (std::ranges::find(kKeys, setting.key) != std::end(kKeys)) {
      add_setting(app, setting, options->flags);
    }
  }
  app.add_flag("--own-rng", options->own_rng,
               "the port has a generator of its own: compare its losses with those of many seeds");
  add_value(app, "--seeds", &options->seeds, "N", "100 to 100000", "how many, for --own-rng");
  app.add_flag("--json", options->json, "print a JSON object");
  app.footer(kConformExamples);
  return {&app, [options](Output& out) { return run_conform(*options, out); }};
}

}  // namespace microgpt
