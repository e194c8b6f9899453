// A model in safetensors:
//
//   NAME      F32 or F64  (rows, cols)  each parameter, by its name
//   metadata  "format", and "model": a JSON text with the keys config, tokenizer and provenance

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "checkpoint/arrays.h"
#include "checkpoint/description.h"
#include "checkpoint/safetensors.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr char kWeightsFormat[] = "microgpt-model-v1";

// The JSON text among the metadata.
Json parse_metadata(const Safetensors& file, const std::string& where) {
  const auto format = file.metadata.find("format");
  const auto model = file.metadata.find("model");
  if (format == file.metadata.end() || format->second != kWeightsFormat ||
      model == file.metadata.end()) {
    throw Error(fmt::format(
        "{}: no model, expected metadata with format \"{}\" as microgpt export writes them", where,
        kWeightsFormat));
  }
  return parse_json(model->second, where + ": model");
}

std::string format_numbers(const Tensor& tensor, Precision precision) {
  if (precision == Precision::kFloat64) return to_little_endian(std::span(tensor.data));
  return to_little_endian(std::span<const float>(to_floats(tensor)));
}

}  // namespace

Model parse_model_safetensors(std::string_view bytes, const std::string& where) {
  const Safetensors file = parse_safetensors(bytes, where);
  Model model = parse_description(parse_metadata(file, where), where + ": model");
  Arrays arrays(file.arrays, "a model", where);
  model.state.params = expected_params(model.config, file.arrays.size());
  for (Tensor& tensor : model.state.params) {
    tensor.data = arrays.take_numbers(tensor.name, {tensor.rows, tensor.cols});
  }
  arrays.expect_none_left();
  located(where, [&] { check_model(model); });
  return model;
}

std::string format_model_safetensors(const Model& model, Precision precision) {
  check_model(model);
  const Dtype dtype = precision == Precision::kFloat64 ? Dtype::kF64 : Dtype::kF32;
  std::vector<std::string> data;  // what the arrays point into
  data.reserve(model.state.params.size());
  Safetensors file{
      {{"format", kWeightsFormat}, {"model", fmt::format("{{{}}}", format_description(model))}},
      {}};
  for (const Tensor& tensor : model.state.params) {
    data.push_back(format_numbers(tensor, precision));
    file.arrays.push_back({tensor.name, dtype, {tensor.rows, tensor.cols}, data.back()});
  }
  return format_safetensors(file);
}

}  // namespace microgpt
