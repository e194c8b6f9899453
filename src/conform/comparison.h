// Numbers beside those that they should be.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "conform/log.h"
#include "microgpt/conform.h"

namespace microgpt::conform {

// Takes the numbers of a run in the order of their computation and compares those that a log has.
//
// How far off a number is: |got - expected|, less what printing took off it, relative to the
// largest of the numbers that belong to one name (or to 1e-6, where all are next to nothing).
class Comparison {
 public:
  // Numbers that are further off than this are different.
  Comparison(const Log& log, double tolerance) : log_(log), tolerance_(tolerance) {}

  // Another count of numbers than the log has is a difference.
  void take(const std::string& name, std::span<const double> expected);

  const std::set<std::string>& names() const { return names_; }  // that were compared
  std::size_t compared() const { return compared_; }
  double off() const { return off_; }                  // the furthest
  double apart() const { return apart_; }              // the same, with what printing took off
  double units() const { return units_; }              // |got - expected| in last printed digits
  bool differs() const { return first_.has_value(); }  // any number by more than the tolerance
  const std::optional<Place>& first() const { return first_; }
  const std::optional<Place>& first_bit() const { return first_bit_; }  // any number at all

 private:
  void compare(const std::string& name, std::size_t index, double expected, const Number& got,
               double scale);

  const Log& log_;
  const double tolerance_;
  std::set<std::string> names_;
  std::size_t compared_ = 0;
  double off_ = 0, apart_ = 0, units_ = 0;
  std::optional<Place> first_, first_bit_;
};

}  // namespace microgpt::conform
