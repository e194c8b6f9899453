// Means, and how far they can be trusted.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace microgpt {

// The t with |T| <= t with this probability, for a T of Student's distribution: how many standard
// errors a confidence interval reaches to either side of a mean of degrees + 1 numbers.
// REQUIRES: 0 < probability < 1, degrees > 0.
double student_quantile(double probability, std::size_t degrees);

// The mean of a distribution as far as independent numbers from it tell.
struct Estimate {
  std::size_t n = 0;  // numbers
  double mean = 0;    // of them; 0 if there is none
  // The 95 % confidence interval is mean +- margin. It takes two numbers or more.
  std::optional<double> margin = {};
};

Estimate estimate_mean(std::span<const double> numbers);

}  // namespace microgpt
