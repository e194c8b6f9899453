#include "export/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"float64", "float32", "int8", "q4.12"};
constexpr double kInt8Most = 127;
constexpr double kQ4_12Most = 32767;
constexpr float kQ4_12Unit = 1.0f / 4096;

std::span<const double> row_of(const Tensor& tensor, std::size_t row) {
  return std::span(tensor.data).subspan(row * tensor.cols, tensor.cols);
}

double largest_of(std::span<const double> row) {
  double largest = 0;
  for (const double w : row) largest = std::max(largest, std::abs(w));
  return largest;
}

void check_largest(const Tensor& tensor, double most, Weights weights) {
  const double largest = largest_of(tensor.data);
  if (largest <= most) return;
  throw Error(fmt::format("{}: too large for {}, expected at most {:.6g}, got {}", tensor.name,
                          to_string(weights), most, largest));
}

// The unit in which the largest of a row is 127.
float int8_unit(std::span<const double> row) {
  return static_cast<float>(largest_of(row) / kInt8Most);
}

void append_integers(IntegerMatrix& matrix, std::span<const double> row, float unit, double most) {
  for (const double w : row) {
    const double integer = unit > 0 ? std::round(w / double{unit}) : 0;
    matrix.integers.push_back(static_cast<std::int16_t>(std::clamp(integer, -most, most)));
  }
  matrix.units.push_back(unit);
}

void round_tensor(Tensor& tensor, Weights weights) {
  if (weights == Weights::kFloat32) {
    const std::vector<float> floats = to_floats(tensor);
    tensor.data.assign(floats.begin(), floats.end());
    return;
  }
  const IntegerMatrix matrix = to_integers(tensor, weights);
  for (std::size_t i = 0; i < tensor.data.size(); ++i) {
    tensor.data[i] = matrix.integers[i] * double{matrix.units[i / tensor.cols]};
  }
}

}  // namespace

std::string_view to_string(Weights weights) { return kNames.at(static_cast<std::size_t>(weights)); }

Weights parse_weights(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return static_cast<Weights>(found - kNames.begin());
  throw Error(
      fmt::format("weights: no such form, expected float64, float32, int8 or q4.12, got {}", name));
}

IntegerMatrix to_integers(const Tensor& tensor, Weights weights) {
  const bool int8 = weights == Weights::kInt8;
  const double most =
      int8 ? double{std::numeric_limits<float>::max()} : kQ4_12Most * double{kQ4_12Unit};
  check_largest(tensor, most, weights);
  IntegerMatrix matrix;
  for (std::size_t i = 0; i < tensor.rows; ++i) {
    const auto row = row_of(tensor, i);
    append_integers(matrix, row, int8 ? int8_unit(row) : kQ4_12Unit, int8 ? kInt8Most : kQ4_12Most);
  }
  return matrix;
}

Model round_weights(const Model& model, Weights weights) {
  Model rounded = model;
  if (weights == Weights::kFloat64) return rounded;
  for (Tensor& tensor : rounded.state.params) round_tensor(tensor, weights);
  return rounded;
}

}  // namespace microgpt
