#include "conform/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace microgpt::conform {
namespace {

// Each as long as it takes to read it back; the printed one as it was printed.
Place place(const std::string& name, std::size_t index, double expected, const Number& got) {
  const int decimals =
      got.half_unit > 0 ? static_cast<int>(std::lround(-std::log10(2 * got.half_unit))) : 0;
  const auto text = [&](double x) {
    return decimals > 0 ? fmt::format("{:.{}f}", x, decimals) : fmt::format("{}", x);
  };
  return {name, index, text(expected), text(got.value)};
}

std::string count(std::size_t n) { return fmt::format("{} number{}", n, n == 1 ? "" : "s"); }

}  // namespace

void Comparison::take(const std::string& name, std::span<const double> expected) {
  const auto found = log_.numbers.find(name);
  if (found == log_.numbers.end()) return;
  const std::vector<Number>& got = found->second;
  names_.insert(name);
  if (got.size() != expected.size()) {
    off_ = apart_ = std::numeric_limits<double>::infinity();
    ++different_;
    if (first_) return;
    first_ = Place{name, 0, count(expected.size()), count(got.size())};
    return;
  }
  double scale = 1e-6;
  for (const double x : expected) {
    if (std::isfinite(x)) scale = std::max(scale, std::abs(x));
  }
  for (std::size_t i = 0; i < got.size(); ++i) compare(name, i, expected[i], got[i], scale);
}

void Comparison::compare(const std::string& name, std::size_t index, double expected,
                         const Number& got, double scale) {
  ++compared_;
  if (got.value == expected || (std::isnan(got.value) && std::isnan(expected))) return;
  double distance = std::abs(got.value - expected);
  if (std::isnan(distance)) distance = std::numeric_limits<double>::infinity();
  const double rounding = got.half_unit * (1 + 1e-6);  // the half unit itself is rounded too
  const double off = std::max(0.0, distance - rounding) / scale;
  off_ = std::max(off_, off);
  apart_ = std::max(apart_, distance / scale);
  if (!first_bit_ && got.half_unit == 0) first_bit_ = place(name, index, expected, got);
  if (off <= tolerance_) return;
  ++different_;
  if (first_) return;
  first_ = place(name, index, expected, got);
}

}  // namespace microgpt::conform
