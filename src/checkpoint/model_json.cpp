// model.json, "tiny-gpt-char-v1": a model as one line of JSON.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "checkpoint/description.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr char kModelFormat[] = "tiny-gpt-char-v1";

void check_format(const Json& root, const std::string& where) {
  if (!root.is_object() || !root.contains("format")) return;
  const std::string format = json_string(root, "format", where);
  if (format != kModelFormat) {
    throw Error(
        fmt::format("{}: format is {}, expected \"{}\"", where, quote_json(format), kModelFormat));
  }
}

// Appends one row of a matrix.
void parse_row(std::vector<double>& data, const Json& row, std::size_t cols,
               const std::string& where) {
  if (!row.is_array()) {
    throw Error(
        fmt::format("{} is {}, expected an array of {} numbers", where, describe_json(row), cols));
  }
  if (row.size() != cols) {
    throw Error(fmt::format("{} has {} numbers, expected {}", where, row.size(), cols));
  }
  for (const Json& x : row) {
    if (!x.is_number()) {
      throw Error(fmt::format("{} holds {}, expected numbers only", where, describe_json(x)));
    }
    data.push_back(x.get<double>());
  }
}

void parse_matrix(Tensor& tensor, const Json& rows, const std::string& where) {
  if (!rows.is_array()) {
    throw Error(fmt::format("{}: is {}, expected an array of {} rows", where, describe_json(rows),
                            tensor.rows));
  }
  if (rows.size() != tensor.rows) {
    throw Error(fmt::format("{}: has {} rows, expected {}", where, rows.size(), tensor.rows));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    parse_row(tensor.data, rows[i], tensor.cols, fmt::format("{}: row {}", where, i));
  }
}

// The matrices by name, in whatever order they stand; the result is in ours.
std::vector<Tensor> parse_state_dict(const Json& root, const Config& config,
                                     const std::string& where) {
  const Json& matrices = json_at(root, "state_dict", where);
  std::vector<Tensor> params = expected_params(config, matrices.size());
  std::unordered_set<std::string_view> names;
  for (Tensor& tensor : params) {
    const Json& rows = json_at(matrices, tensor.name, where + ": state_dict");
    parse_matrix(tensor, rows, fmt::format("{}: state_dict.{}", where, tensor.name));
    names.insert(tensor.name);
  }
  for (const auto& [name, rows] : matrices.items()) {
    if (!names.contains(name)) {
      throw Error(fmt::format("{}: state_dict: has {}, which a model of {} layer{} has not", where,
                              quote_json(name), config.n_layer, config.n_layer == 1 ? "" : "s"));
    }
  }
  return params;
}

void append_matrix(std::string& text, const Tensor& tensor) {
  text += fmt::format("{}: [", quote_json(tensor.name));
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    if (i % tensor.cols == 0) text += i == 0 ? "[" : "], [";
    if (i % tensor.cols != 0) text += ", ";
    append_double(text, tensor.data[i]);
  }
  text += "]]";
}

std::string format_tokenizer(const Tokenizer& tokenizer) {
  std::string stoi, itos;
  for (int id = 0; id < tokenizer.vocab_size(); ++id) {
    if (id == tokenizer.bos()) continue;
    const std::string text = quote_json(tokenizer.token_text(id));
    const std::string_view comma = stoi.empty() ? "" : ", ";
    stoi += fmt::format("{}{}: {}", comma, text, id);
    itos += fmt::format("{}\"{}\": {}", comma, id, text);
  }
  return fmt::format(
      "{{\"type\": \"character\", \"uchars\": {}, \"stoi\": {{{}}}, \"itos\": {{{}}}, "
      "\"bos_token_id\": {}}}",
      format_uchars(tokenizer), stoi, itos, tokenizer.bos());
}

// A number of this many characters is typical: a sign, 17 digits, a point, a leading zero, ", ".
constexpr std::size_t kTypicalNumber = 23;

}  // namespace

Model parse_model(std::string_view json, const std::string& where) {
  const Json root = parse_json(json, where);
  check_format(root, where);
  Model model = parse_description(root, where);
  model.state.params = parse_state_dict(root, model.config, where);
  return model;
}

std::string format_model(const Model& model) {
  check_model(model);
  std::string text =
      fmt::format("{{\"format\": \"{}\", \"config\": {}, \"tokenizer\": {}, \"state_dict\": {{",
                  kModelFormat, format_config(model), format_tokenizer(model.tokenizer));
  text.reserve(text.size() + kTypicalNumber * model.config.num_params() + 4096);
  for (const Tensor& tensor : model.state.params) {
    if (&tensor != &model.state.params.front()) text += ", ";
    append_matrix(text, tensor);
  }
  text += "}";
  if (model.provenance) text += ", \"provenance\": " + format_provenance(*model.provenance);
  return text + "}";
}

}  // namespace microgpt
