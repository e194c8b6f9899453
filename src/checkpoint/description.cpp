#include "checkpoint/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/unicode.h"

namespace microgpt {
namespace {

constexpr char kUtf8[] = "utf-8";
constexpr char kLatin1[] = "latin-1";
constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();

int read_int(const Json& object, const std::string& key, std::int64_t min,
             const std::string& where) {
  return static_cast<int>(json_int(object, key, min, kMaxInt, where));
}

// A name that `parse` knows.
template <class Parse>
auto read_name(const Json& object, const std::string& key, Parse parse, const std::string& where) {
  const std::string name = json_string(object, key, where);
  return located(where, [&] { return parse(name); });
}

// A value that follows from others: it may be missing, but not be wrong.
void check_derived(const Json& object, const std::string& key, int expected,
                   const std::string& where) {
  if (object.contains(key) && read_int(object, key, 0, where) != expected) {
    throw Error(fmt::format("{}: {} is {}, expected {}", where, key, object[key].dump(), expected));
  }
}

constexpr char kCharacter[] = "character";  // a code point, as microgpt.py says

TokenKind parse_type(const Json& tokenizer, const std::string& where) {
  if (!tokenizer.contains("type")) return TokenKind::kCodepoint;
  const std::string name = json_string(tokenizer, "type", where);
  for (const TokenKind kind : {TokenKind::kGrapheme, TokenKind::kByte}) {
    if (name == to_string(kind)) return kind;
  }
  if (name == kCharacter) return TokenKind::kCodepoint;
  throw Error(fmt::format("{}: type is {}, expected \"{}\", \"grapheme\" or \"byte\"", where,
                          quote_json(name), kCharacter));
}

// A byte stands in the file as the code point of its number.
std::string byte_named(const std::string& name, const std::string& where) {
  const auto c = name.empty() ? std::nullopt : decode_utf8(name, 0);
  if (c && c->size == name.size() && c->value < 0x100) return {static_cast<char>(c->value)};
  throw Error(fmt::format("{}: {} in uchars is no byte, expected one code point up to U+00FF",
                          where, quote_json(name)));
}

std::vector<std::string> parse_uchars(const Json& tokenizer, const std::string& where) {
  const Json& list = json_at(tokenizer, "uchars", where);
  if (!list.is_array()) {
    throw Error(fmt::format("{}: uchars is {}, expected an array", where, describe_json(list)));
  }
  std::vector<std::string> uchars;
  for (const Json& uchar : list) {
    if (!uchar.is_string()) {
      throw Error(fmt::format("{}: uchars[{}] is {}, expected a string", where, uchars.size(),
                              describe_json(uchar)));
    }
    uchars.push_back(uchar.get<std::string>());
  }
  return uchars;
}

// BOS stands in two places, of which one is enough.
int parse_bos(const Json& config, const Json& tokenizer, const std::string& where) {
  if (!tokenizer.contains("bos_token_id")) return read_int(config, "BOS", 0, where + ": config");
  const int bos = read_int(tokenizer, "bos_token_id", 0, where + ": tokenizer");
  check_derived(config, "BOS", bos, where + ": config");
  return bos;
}

// Checks stoi or itos, which repeat what uchars says. Other programs may add an entry for BOS.
template <class IsBos>
void check_table(const Json& tokenizer, const std::string& name,
                 const std::unordered_map<std::string, Json>& expected, IsBos is_bos,
                 const std::string& where) {
  if (!tokenizer.contains(name)) return;
  const Json& table = tokenizer[name];
  if (!table.is_object()) {
    throw Error(fmt::format("{}: {} is {}, expected an object", where, name, describe_json(table)));
  }
  std::size_t found = 0;
  for (const auto& [key, value] : table.items()) {
    const auto entry = expected.find(key);
    const bool known = entry != expected.end();
    if (known ? value != entry->second : !is_bos(key, value)) {
      throw Error(
          fmt::format("{}: entry {} of {} contradicts uchars", where, quote_json(key), name));
    }
    found += known;
  }
  if (found != expected.size()) {
    throw Error(fmt::format("{}: {} has {} of the {} characters in uchars", where, name, found,
                            expected.size()));
  }
}

void check_tables(const Json& json, const Tokenizer& tokenizer, const std::string& where) {
  std::unordered_map<std::string, Json> stoi, itos;
  for (int id = 0; id < tokenizer.vocab_size(); ++id) {
    if (id == tokenizer.bos()) continue;
    const std::string text = tokenizer.token_name(id);
    stoi[text] = id;
    itos[fmt::to_string(id)] = text;
  }
  const int bos = tokenizer.bos();
  const auto to_bos = [&](const std::string&, const Json& value) { return value == bos; };
  const auto from_bos = [&](const std::string& key, const Json&) {
    return key == fmt::to_string(bos);
  };
  check_table(json, "stoi", stoi, to_bos, where);
  check_table(json, "itos", itos, from_bos, where);
}

Tokenizer parse_tokenizer(const Json& object, const std::string& where) {
  const Json& json = json_at(object, "tokenizer", where);
  const std::string here = where + ": tokenizer";
  std::vector<std::string> uchars = parse_uchars(json, here);
  const TokenKind kind = parse_type(json, here);
  if (kind == TokenKind::kByte) {
    for (std::string& uchar : uchars) uchar = byte_named(uchar, here);
  }
  const int bos = parse_bos(json_at(object, "config", where), json, where);
  Tokenizer tokenizer = located(here, [&] { return Tokenizer(std::move(uchars), bos, kind); });
  check_tables(json, tokenizer, here);
  return tokenizer;
}

Config parse_config(const Json& object, int vocab_size, const std::string& where) {
  const Json& json = json_at(object, "config", where);
  const std::string here = where + ": config";
  Config config;
  config.n_layer = read_int(json, "n_layer", 1, here);
  config.n_embd = read_int(json, "n_embd", 1, here);
  config.block_size = read_int(json, "block_size", 1, here);
  config.n_head = read_int(json, "n_head", 1, here);
  config.vocab_size = vocab_size;
  if (json.contains("activation")) {
    config.activation = read_name(json, "activation", parse_activation, here);
  }
  for (const auto& [name, part] : kPartNames) {
    const std::string key(name);
    if (json.contains(key)) config.parts.*part = json_bool(json, key, here);
  }
  check_derived(json, "vocab_size", vocab_size, here);
  located(here, [&] { config.check(); });
  check_derived(json, "head_dim", config.head_dim(), here);
  return config;
}

Encoding parse_encoding(const std::string& name) {
  if (name == kUtf8) return Encoding::kUtf8;
  if (name == kLatin1) return Encoding::kLatin1;
  throw Error(fmt::format("encoding: no such name, expected {} or {}, got {}", kUtf8, kLatin1,
                          quote_json(name)));
}

TrainConfig parse_train_config(const Json& json, const std::string& where) {
  TrainConfig train;
  train.edition = read_name(json, "edition", parse_edition, where);
  train.seed = json_uint64(json, "seed", where);
  train.num_steps = json_int(json, "num_steps", 0, kMaxInt64, where);
  train.learning_rate = json_double(json, "learning_rate", where);
  train.beta1 = json_double(json, "beta1", where);
  train.beta2 = json_double(json, "beta2", where);
  train.eps_adam = json_double(json, "eps_adam", where);
  train.init_std = json_double(json, "init_std", where);
  train.optimizer = read_name(json, "optimizer", parse_optimizer, where);
  train.schedule = read_name(json, "schedule", parse_schedule, where);
  if (json.contains("batch_size")) train.batch_size = read_int(json, "batch_size", 1, where);
  if (json.contains("grad_accum")) train.grad_accum = read_int(json, "grad_accum", 1, where);
  located(where, [&] { train.check(); });
  return train;
}

Provenance parse_provenance(const Json& json, const std::string& where) {
  Provenance provenance;
  provenance.version = json_string(json, "version", where);
  provenance.engine = json_string(json, "engine", where);
  provenance.data = json_string(json, "data", where);
  provenance.data_sha256 = json_string(json, "data_sha256", where);
  provenance.encoding = read_name(json, "encoding", parse_encoding, where);
  if (json.contains("sequences")) {
    provenance.sequences = read_name(json, "sequences", parse_sequences, where);
  }
  provenance.step = json_int(json, "step", 0, kMaxInt64, where);
  provenance.train = parse_train_config(json, where);
  return provenance;
}

}  // namespace

Model parse_description(const Json& object, const std::string& where) {
  Tokenizer tokenizer = parse_tokenizer(object, where);
  const Config config = parse_config(object, tokenizer.vocab_size(), where);
  Model model{config, std::move(tokenizer), {}, std::nullopt};
  const auto provenance = object.find("provenance");
  if (provenance != object.end() && !provenance->is_null()) {
    model.provenance = parse_provenance(*provenance, where + ": provenance");
  }
  return model;
}

std::vector<Tensor> expected_params(const Config& config, std::size_t present) {
  const std::size_t enough = present / 6 + 1;  // each layer has 6
  Config cut = config;
  if (enough < static_cast<std::size_t>(config.n_layer)) cut.n_layer = static_cast<int>(enough);
  return parameter_table(cut);
}

void check_model(const Model& model) {
  model.config.check();
  if (model.config.vocab_size != model.tokenizer.vocab_size()) {
    throw Error(fmt::format("model: vocab_size is {}, expected {} as in the tokenizer",
                            model.config.vocab_size, model.tokenizer.vocab_size()));
  }
  check_state_dict(model.state, model.config, "model");
  if (model.provenance) model.provenance->train.check();
}

std::string format_config(const Model& model) {
  const Config& config = model.config;
  std::string unusual;
  if (config.activation != Activation::kRelu) {
    unusual = fmt::format(", \"activation\": \"{}\"", to_string(config.activation));
  }
  for (const auto& [name, part] : kPartNames) {
    if (!(config.parts.*part)) unusual += fmt::format(", \"{}\": false", name);
  }
  return fmt::format(
      "{{\"n_layer\": {}, \"n_embd\": {}, \"block_size\": {}, \"n_head\": {}, \"head_dim\": {}, "
      "\"vocab_size\": {}, \"BOS\": {}{}}}",
      config.n_layer, config.n_embd, config.block_size, config.n_head, config.head_dim(),
      config.vocab_size, model.tokenizer.bos(), unusual);
}

std::string format_uchars(const Tokenizer& tokenizer) {
  std::string text = "[";
  for (int token = 0; token < tokenizer.vocab_size(); ++token) {
    if (token == tokenizer.bos()) continue;
    text += text.size() > 1 ? ", " : "";
    text += quote_json(tokenizer.token_name(token));
  }
  return text + "]";
}

std::string_view type_of(const Tokenizer& tokenizer) {
  return tokenizer.kind() == TokenKind::kCodepoint ? kCharacter : to_string(tokenizer.kind());
}

std::string format_provenance(const Provenance& provenance) {
  const TrainConfig& train = provenance.train;
  return fmt::format(
      "{{\"version\": {}, \"engine\": {}, \"data\": {}, \"data_sha256\": {}, \"encoding\": \"{}\", "
      "\"sequences\": \"{}\", \"step\": {}, \"edition\": \"{}\", \"seed\": {}, \"num_steps\": {}, "
      "\"learning_rate\": {}, "
      "\"beta1\": {}, \"beta2\": {}, \"eps_adam\": {}, \"init_std\": {}, \"optimizer\": \"{}\", "
      "\"schedule\": \"{}\", \"batch_size\": {}, \"grad_accum\": {}}}",
      quote_json(provenance.version), quote_json(provenance.engine), quote_json(provenance.data),
      quote_json(provenance.data_sha256), provenance.encoding == Encoding::kUtf8 ? kUtf8 : kLatin1,
      to_string(provenance.sequences), provenance.step, to_string(train.edition), train.seed,
      train.num_steps, format_double(train.learning_rate), format_double(train.beta1),
      format_double(train.beta2), format_double(train.eps_adam), format_double(train.init_std),
      to_string(train.optimizer), to_string(train.schedule), train.batch_size, train.grad_accum);
}

std::string format_description(const Model& model) {
  return fmt::format(
      "\"config\": {}, \"tokenizer\": {{\"type\": \"{}\", \"uchars\": {}, \"bos_token_id\": {}}}, "
      "\"provenance\": {}",
      format_config(model), type_of(model.tokenizer), format_uchars(model.tokenizer),
      model.tokenizer.bos(), model.provenance ? format_provenance(*model.provenance) : "null");
}

std::string format_double(double value) {
  std::string text;
  append_double(text, value);
  return text;
}

void append_double(std::string& text, double value) {
  std::array<char, 32> buffer;  // the longest is -2.2250738585072014e-308
  const char* const end = fmt::format_to(buffer.data(), "{}", value);
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  text += digits;
  // fmt differs from repr only in whole numbers, which it writes without ".0".
  if (digits.find_first_of(".e") == std::string_view::npos) text += ".0";
}

}  // namespace microgpt
