// What a file of named arrays must hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace microgpt {

// The arrays of a file by name, each to be taken once. They belong to the caller.
class Arrays {
 public:
  using Shape = std::vector<std::uint64_t>;

  // what: is in the file, where: its name; for messages.
  Arrays(const std::vector<Array>& arrays, const std::string& what, const std::string& where);

  // The data of an array. Throws Error: there is none of this name, type and shape.
  std::string_view take(const std::string& name, Dtype dtype, const Shape& shape);

  // The same as numbers, of type F64. Throws Error also: one is not finite.
  std::vector<double> take_doubles(const std::string& name, const Shape& shape);

  // The same, of type F64 or F32.
  std::vector<double> take_numbers(const std::string& name, const Shape& shape);

  // Adam's moments, which are of all parameters or none.
  std::vector<double> take_moments(const std::string& name, std::uint64_t num_params);

  // Throws Error: an array was not taken.
  void expect_none_left() const;

 private:
  void check_finite(const std::vector<double>& numbers, const std::string& name) const;

  const std::string what_, where_;
  std::map<std::string, const Array*> by_name_;
};

}  // namespace microgpt
