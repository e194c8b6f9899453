#include "microgpt/statistics.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace microgpt {
namespace {

constexpr double kConfidence = 0.95;

// P(|T| <= tan(theta) sqrt(degrees)): Abramowitz and Stegun 26.7.3 and 26.7.4. With s and c for
// sine and cosine it is, for even degrees,
//   s (1 + 1/2 c^2 + (1 3)/(2 4) c^4 + ... up to c^(degrees - 2))
// and for odd ones
//   2/pi (theta + s (c + 2/3 c^3 + (2 4)/(3 5) c^5 + ... up to c^(degrees - 2))).
double probability_within(double theta, std::size_t degrees) {
  const double s = std::sin(theta), c = std::cos(theta);
  const bool odd = degrees % 2 == 1;
  double term = odd ? c : 1, sum = 0;
  for (std::size_t power = odd ? 1 : 0; power + 2 <= degrees; power += 2) {
    sum += term;
    const auto k = static_cast<double>(power);
    term *= (k + 1) / (k + 2) * c * c;
  }
  return odd ? 2 * std::numbers::inv_pi * (theta + s * sum) : s * sum;
}

}  // namespace

// By halving: what is asked for lies between two angles until no double lies between them.
double student_quantile(double probability, std::size_t degrees) {
  double low = 0, high = std::numbers::pi / 2;
  for (double middle = high / 2; low < middle && middle < high; middle = (low + high) / 2) {
    (probability_within(middle, degrees) < probability ? low : high) = middle;
  }
  return std::tan(low) * std::sqrt(static_cast<double>(degrees));
}

Estimate estimate_mean(std::span<const double> numbers) {
  if (numbers.empty()) return {};
  const auto n = static_cast<double>(numbers.size());
  Estimate estimate{numbers.size(), std::accumulate(numbers.begin(), numbers.end(), 0.0) / n, {}};
  if (numbers.size() < 2) return estimate;
  double squares = 0;
  for (const double x : numbers) squares += (x - estimate.mean) * (x - estimate.mean);
  const double standard_error = std::sqrt(squares / (n - 1) / n);
  estimate.margin = student_quantile(kConfidence, numbers.size() - 1) * standard_error;
  return estimate;
}

}  // namespace microgpt
