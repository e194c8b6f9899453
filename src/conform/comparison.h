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
// Another count of numbers than expected is infinitely far off.
class Comparison {
 public:
  // Numbers that are further off than this are different; rounding grows with each step.
  Comparison(const Log& log, double tolerance, double growth = 0)
      : log_(log), tolerance_(tolerance), growth_(growth) {}

  void next_step() { tolerance_ += growth_; }
  void take(const std::string& name, std::span<const double> expected);

  const std::set<std::string>& names() const { return names_; }  // that were compared
  std::size_t compared() const { return compared_; }
  double off() const { return off_; }                   // the furthest
  double apart() const { return apart_; }               // the same, with what printing took off
  std::size_t different() const { return different_; }  // numbers by more than the tolerance
  bool differs() const { return first_.has_value(); }   // any number by more than the tolerance
  const std::optional<Place>& first() const { return first_; }
  const std::optional<Place>& first_bit() const { return first_bit_; }  // any number at all

 private:
  void compare(const std::string& name, std::size_t index, double expected, const Number& got,
               double scale);

  const Log& log_;
  double tolerance_;
  const double growth_;
  std::set<std::string> names_;
  std::size_t compared_ = 0, different_ = 0;
  double off_ = 0, apart_ = 0;
  std::optional<Place> first_, first_bit_;
};

}  // namespace microgpt::conform
