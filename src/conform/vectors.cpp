#include "conform/vectors.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "conform/port.h"
#include "conform/tape.h"
#include "microgpt/state_dict.h"
#include "microgpt/version.h"

namespace microgpt::conform {
namespace {

constexpr char kFormat[] = "microgpt-conform 1";
constexpr std::size_t kFew = 10;

Json hex(double x) { return fmt::format("{:a}", x); }

Json hex(const std::vector<double>& values) {
  Json array = Json::array();
  for (const double x : values) array.push_back(hex(x));
  return array;
}

std::string_view to_string(Network network) {
  constexpr std::string_view kNames[] = {"gpt", "mlp", "bigram"};
  return kNames[static_cast<std::size_t>(network)];
}

Json json_of(const Recipe& recipe) {
  const Config& c = recipe.config;
  const TrainConfig& t = recipe.train;
  return {{"name", recipe.name},
          {"network", to_string(recipe.network)},
          {"edition", microgpt::to_string(t.edition)},
          {"n_layer", c.n_layer},
          {"n_embd", c.n_embd},
          {"n_head", c.n_head},
          {"block_size", c.block_size},
          {"seed", t.seed},
          {"num_steps", t.num_steps},
          {"init_std", t.init_std},
          {"lm_head_last", recipe.lm_head_last},
          {"clamped", recipe.clamped},
          {"optimizer", microgpt::to_string(t.optimizer)},
          {"learning_rate", t.learning_rate},
          {"beta1", t.beta1},
          {"beta2", t.beta2},
          {"eps_adam", t.eps_adam},
          {"temperature", recipe.temperature},
          {"num_samples", recipe.num_samples}};
}

// The documents: all of them as they stand in the file, or the first after the shuffle.
Json json_of(const Corpus& corpus, const Recipe& recipe, bool all) {
  Dataset shuffled = corpus.dataset;
  PythonRandom random(recipe.train.seed);
  shuffled.shuffle(random);
  const Dataset& dataset = all ? corpus.dataset : shuffled;
  Json documents = Json::array();
  const std::size_t count = all ? dataset.size() : std::min(kFew, dataset.size());
  for (std::size_t i = 0; i < count; ++i) documents.push_back(std::string(dataset[i]));
  const Tokenizer& tokenizer = corpus.tokenizer(recipe.train.edition);
  return {{"sha256", dataset.sha256()},
          {"count", dataset.size()},
          {all ? "documents" : "first_shuffled", documents},
          {"uchars", tokenizer.uchars()},
          {"bos", tokenizer.bos()}};
}

std::string sha256_of(const std::vector<Named>& params) {
  StateDict state;
  for (const Named& param : params) state.params.push_back({param.name, 0, 0, param.values});
  return params_sha256(state);
}

// All values by name, or the first few of each.
Json json_of(const std::vector<Named>& params, bool all) {
  Json object = Json::object();
  for (Named param : params) {
    if (!all) param.values.resize(std::min(kFew, param.values.size()));
    object[param.name] = hex(param.values);
  }
  return object;
}

Json json_of_trace(std::int64_t step, const std::vector<Named>& trace) {
  Json data = Json::object(), grad = Json::object();
  for (const Named& named : trace) {
    const bool is_grad = named.name.starts_with("grad.");
    (is_grad ? grad[named.name.substr(5)] : data[named.name]) = hex(named.values);
  }
  return {{"step", step}, {"data", data}, {"grad", grad}};
}

// Compact, but for a line to each key of the outer objects.
std::string format(const Json& object) {
  std::string text = "{";
  for (const auto& [key, value] : object.items()) {
    text += fmt::format("{}\n\"{}\": {}", text.size() > 1 ? "," : "", key, value.dump());
  }
  return text + "\n}\n";
}

struct File {
  std::string name;
  std::string text;
};

File generator_file(std::uint64_t seed) {
  const auto from_start = [&](auto draw) {
    PythonRandom random(seed);
    Json array = Json::array();
    for (std::size_t i = 0; i < kFew; ++i) array.push_back(draw(random));
    return array;
  };
  std::vector<int> order(kFew);
  for (std::size_t i = 0; i < kFew; ++i) order[i] = static_cast<int>(i);
  PythonRandom random(seed);
  random.shuffle(std::span(order));
  const std::vector<double> weights = {1, 2, 3, 4};
  return {"generator.json",
          format({{"format", kFormat},
                  {"seed", seed},
                  {"random", from_start([](PythonRandom& r) { return hex(r.random()); })},
                  {"getrandbits_32", from_start([](PythonRandom& r) { return r.getrandbits(32); })},
                  {"randbelow_1000", from_start([](PythonRandom& r) { return r.randbelow(1000); })},
                  {"shuffle_10", order},
                  {"gauss_0_1", from_start([](PythonRandom& r) { return hex(r.gauss(0, 1)); })},
                  {"choices_1_2_3_4",
                   from_start([&](PythonRandom& r) { return r.choices(weights); })}})};
}

// The value and the gradients of one expression of a and b.
template <class Expression>
Json operation(const char* text, double a, double b, Expression expression) {
  Tape tape({});
  const Var x = tape.leaf(a), y = tape.leaf(b);
  const Var result = expression(x, y);
  result.backward();
  return {{"expression", text},
          {"a", hex(a)},
          {"b", hex(b)},
          {"value", hex(result.data())},
          {"grad_a", hex(x.grad())},
          {"grad_b", hex(y.grad())}};
}

File operations_file() {
  Json list = Json::array();
  for (const auto& [a, b] : {std::pair(0.7, -1.3), std::pair(-2.1, 0.4), std::pair(3.0, 3.0)}) {
    list.push_back(operation("a + b", a, b, [](Var x, Var y) { return x + y; }));
    list.push_back(operation("a * b", a, b, [](Var x, Var y) { return x * y; }));
    list.push_back(operation("a - b", a, b, [](Var x, Var y) { return x + y * -1; }));
    list.push_back(operation("a / b", a, b, [](Var x, Var y) { return x / y; }));
    list.push_back(operation("-a", a, b, [](Var x, Var) { return x * -1; }));
    list.push_back(operation("a ** 2", a, b, [](Var x, Var) { return x.pow(2); }));
    list.push_back(operation("b ** -1", a, b, [](Var, Var y) { return y.pow(-1); }));
    list.push_back(
        operation("(a * a + 1) ** -0.5", a, b, [](Var x, Var) { return (x * x + 1.0).pow(-0.5); }));
    list.push_back(operation("(b * b).log()", a, b, [](Var, Var y) { return (y * y).log(); }));
    list.push_back(operation("a.exp()", a, b, [](Var x, Var) { return x.exp(); }));
    list.push_back(
        operation("a.relu() + b.relu()", a, b, [](Var x, Var y) { return x.relu() + y.relu(); }));
    list.push_back(operation("a * b + a", a, b, [](Var x, Var y) { return x * y + x; }));
    list.push_back(operation("c * c, c = a * b + a", a, b, [](Var x, Var y) {
      const Var c = x * y + x;
      return c * c;
    }));
  }
  return {"operations.json", format({{"format", kFormat}, {"operations", list}})};
}

// Documents of eight letters, so nine tokens; most are longer than the blocks below.
constexpr char kDocuments[] =
    "abcdef\ngabe\nfad\nbadge\nbead\ncafe\nfacade\ndeaf\nc\nface\ncage\nb\u00e9b\u00e9\n";

Recipe shape(const char* name, int n_layer, int n_embd, int n_head, int block_size) {
  Recipe recipe = find_recipe("final");
  recipe.name = name;
  recipe.config.n_layer = n_layer;
  recipe.config.n_embd = n_embd;
  recipe.config.n_head = n_head;
  recipe.config.block_size = block_size;
  recipe.train.num_steps = 20;
  recipe.num_samples = 5;
  return recipe;
}

File vectors_file(const Recipe& recipe, const Corpus& corpus, const Extent& extent) {
  std::unique_ptr<Run> run;
  if (recipe.network == Network::kGpt && extent.traced.empty()) {
    run = run_engine(recipe, corpus);
  } else {
    run = std::make_unique<Port>(recipe, corpus, Mistakes());
  }
  return {recipe.name + ".json", format_vectors(*run, recipe, corpus, extent)};
}

std::vector<File> all_files(const Dataset& dataset) {
  std::vector<File> files = {generator_file(42), operations_file()};
  const Corpus letters{Dataset(kDocuments, "documents")};
  files.push_back(vectors_file(shape("one_head", 1, 3, 1, 4), letters, {{1}, true}));
  files.push_back(vectors_file(shape("two_layers", 2, 4, 2, 3), letters, {{1}, true}));
  files.push_back(vectors_file(shape("four_heads", 1, 4, 4, 6), letters, {{}, true}));
  const Corpus corpus(dataset);
  for (const char* name : {"final", "first", "train0", "train2", "train3", "train4"}) {
    files.push_back(vectors_file(find_recipe(name), corpus, {}));
  }
  return files;
}

// What a reader should know first.
File manifest(const std::vector<File>& files, const Dataset& dataset) {
  Json list = Json::object();
  for (const File& file : files) {
    list[file.name] = {{"bytes", file.text.size()}, {"sha256", sha256_hex(file.text)}};
  }
  return {"manifest.json", format({{"format", kFormat},
                                   {"version", version()},
                                   {"data_sha256", dataset.sha256()},
                                   {"rungs",
                                    {{"train0", "train0.json"},
                                     {"train1", "train2.json"},
                                     {"train2", "train2.json"},
                                     {"train3", "train3.json"},
                                     {"train4", "train4.json"},
                                     {"train5", "final.json"}}},
                                   {"files", list}})};
}

}  // namespace

std::string format_vectors(Run& run, const Recipe& recipe, const Corpus& corpus,
                           const Extent& extent) {
  Json object = {{"format", kFormat},
                 {"recipe", json_of(recipe)},
                 {"data", json_of(corpus, recipe, extent.values)}};
  object["init_sha256"] = sha256_of(run.params());
  object[extent.values ? "init" : "init_begins"] = json_of(run.params(), extent.values);
  Json losses = Json::array(), traces = Json::array(), printed = Json::array();
  for (std::int64_t step = 1; step <= recipe.train.num_steps; ++step) {
    const bool traced = std::ranges::find(extent.traced, step) != extent.traced.end();
    const double loss = run.step(traced);
    losses.push_back(hex(loss));
    if (printed.size() < kFew) printed.push_back(fmt::format("{:.4f}", loss));
    if (traced) traces.push_back(json_of_trace(step, run.trace()));
  }
  object["losses_begin"] = printed;
  object["losses_hex"] = losses;
  if (!traces.empty()) object["trace"] = traces;
  object["params"] = {{"step", recipe.train.num_steps}, {"sha256", sha256_of(run.params())}};
  if (extent.values) object["params"]["data"] = json_of(run.params(), true);
  object["samples"] = run.samples(recipe.num_samples);
  return format(object);
}

std::size_t write_vectors(const std::string& folder, const Dataset& dataset) {
  std::vector<File> files = all_files(dataset);
  files.push_back(manifest(files, dataset));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(fmt::format("{}: can't be made, {}", folder, error.message()));
  std::size_t bytes = 0;
  for (const File& file : files) {
    write_file_atomic((std::filesystem::path(folder) / file.name).string(), file.text);
    bytes += file.text.size();
  }
  return bytes;
}

VectorsInput read_vectors(std::string_view json, const std::string& where) {
  const Json object = parse_json(json, where);
  const Json& recipe = json_at(object, "recipe", where);
  const std::string at = where + ": recipe";
  const auto size = [&](const char* key) {
    return static_cast<int>(json_int(recipe, key, 1, 1 << 20, at));
  };
  Recipe out;
  out.name = json_string(recipe, "name", at);
  const std::string network = json_string(recipe, "network", at);
  for (const Network each : {Network::kGpt, Network::kMlp, Network::kBigram}) {
    if (network == to_string(each)) out.network = each;
  }
  TrainConfig& train = out.train;
  train = default_train_config(parse_edition(json_string(recipe, "edition", at)));
  out.config = default_config(train.edition);
  out.config.n_layer = size("n_layer");
  out.config.n_embd = size("n_embd");
  out.config.n_head = size("n_head");
  out.config.block_size = size("block_size");
  train.seed = json_uint64(recipe, "seed", at);
  train.num_steps = size("num_steps");
  train.init_std = json_double(recipe, "init_std", at);
  train.optimizer = parse_optimizer(json_string(recipe, "optimizer", at));
  train.learning_rate = json_double(recipe, "learning_rate", at);
  train.beta1 = json_double(recipe, "beta1", at);
  train.beta2 = json_double(recipe, "beta2", at);
  train.eps_adam = json_double(recipe, "eps_adam", at);
  out.temperature = json_double(recipe, "temperature", at);
  out.num_samples = size("num_samples");
  out.lm_head_last = json_at(recipe, "lm_head_last", at) == true;
  out.clamped = json_at(recipe, "clamped", at) == true;
  train.check();
  VectorsInput input = {out, std::nullopt, ""};
  const Json& data = json_at(object, "data", where);
  input.data_sha256 = json_string(data, "sha256", where + ": data");
  if (!data.contains("documents")) return input;
  std::string lines;
  for (const Json& document : data["documents"]) {
    if (!document.is_string()) throw Error(where + ": data: documents: expected strings");
    lines += document.get<std::string>() + "\n";
  }
  input.documents = Dataset(lines, where);
  return input;
}

}  // namespace microgpt::conform
