#include "checkpoint/arrays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "microgpt/error.h"

namespace microgpt {

Arrays::Arrays(const std::vector<Array>& arrays, const std::string& what, const std::string& where)
    : what_(what), where_(where) {
  for (const Array& array : arrays) by_name_[array.name] = &array;
}

std::string_view Arrays::take(const std::string& name, Dtype dtype, const Shape& shape) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) throw Error(fmt::format("{}: no array {}", where_, name));
  const Array& array = *found->second;
  if (array.dtype != dtype || array.shape != shape) {
    throw Error(fmt::format("{}: {} has another type or shape, expected {} of shape ({})", where_,
                            name, to_string(dtype), fmt::join(shape, ", ")));
  }
  by_name_.erase(found);
  return array.data;
}

std::vector<double> Arrays::take_doubles(const std::string& name, const Shape& shape) {
  std::vector<double> numbers = doubles_from_little_endian(take(name, Dtype::kF64, shape));
  check_finite(numbers, name);
  return numbers;
}

std::vector<double> Arrays::take_numbers(const std::string& name, const Shape& shape) {
  const auto found = by_name_.find(name);
  const bool is_float = found != by_name_.end() && found->second->dtype == Dtype::kF32;
  if (!is_float) return take_doubles(name, shape);
  const std::vector<float> floats = floats_from_little_endian(take(name, Dtype::kF32, shape));
  std::vector<double> numbers(floats.begin(), floats.end());
  check_finite(numbers, name);
  return numbers;
}

std::vector<double> Arrays::take_moments(const std::string& name, std::uint64_t num_params) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  return take_doubles(name, {found->second->data.empty() ? 0 : num_params});
}

void Arrays::expect_none_left() const {
  if (by_name_.empty()) return;
  throw Error(fmt::format("{}: has {}, which {} of this shape has not", where_,
                          quote_json(by_name_.begin()->first), what_));
}

void Arrays::check_finite(const std::vector<double>& numbers, const std::string& name) const {
  if (std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); })) return;
  throw Error(fmt::format("{}: {} holds a number that is not finite", where_, name));
}

}  // namespace microgpt
