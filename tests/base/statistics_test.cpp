#include "microgpt/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace microgpt {
namespace {

// Student's table, as printed in any textbook.
TEST(StudentQuantile, AgreesWithTheTable) {
  EXPECT_NEAR(student_quantile(0.95, 1), 12.706205, 5e-7);
  EXPECT_NEAR(student_quantile(0.95, 2), 4.302653, 5e-7);
  EXPECT_NEAR(student_quantile(0.95, 3), 3.182446, 5e-7);
  EXPECT_NEAR(student_quantile(0.95, 9), 2.262157, 5e-7);
  EXPECT_NEAR(student_quantile(0.95, 30), 2.042272, 5e-7);
  EXPECT_NEAR(student_quantile(0.95, 99), 1.984217, 5e-7);
  EXPECT_NEAR(student_quantile(0.99, 5), 4.032143, 5e-7);
  EXPECT_NEAR(student_quantile(0.5, 10), 0.699812, 5e-7);
  EXPECT_NEAR(student_quantile(0.95, 100'000), 1.959988, 5e-7);
}

// In closed form for one and two degrees of freedom.
TEST(StudentQuantile, HasTheClosedForms) {
  for (const double p : {1e-3, 0.1, 0.5, 0.9, 0.95, 0.999}) {
    const double one = std::tan(std::numbers::pi * p / 2), two = p * std::sqrt(2 / (1 - p * p));
    EXPECT_NEAR(student_quantile(p, 1), one, 1e-9 * one) << p;
    EXPECT_NEAR(student_quantile(p, 2), two, 1e-9 * two) << p;
  }
}

// By hand: squares 2.25 + 0.25 + 0.25 + 2.25 = 5, variance 5/3, standard error sqrt(5/12).
TEST(EstimateMean, ByHand) {
  const Estimate estimate = estimate_mean(std::array{1.0, 2.0, 3.0, 4.0});
  EXPECT_EQ(estimate.n, 4u);
  EXPECT_EQ(estimate.mean, 2.5);
  EXPECT_NEAR(estimate.margin.value(), 3.182446 * std::sqrt(5.0 / 12), 1e-6);
}

TEST(EstimateMean, OneNumberHasNoInterval) {
  const Estimate one = estimate_mean(std::array{7.0});
  EXPECT_EQ(one.n, 1u);
  EXPECT_EQ(one.mean, 7.0);
  EXPECT_FALSE(one.margin);
  const Estimate none = estimate_mean({});
  EXPECT_EQ(none.n, 0u);
  EXPECT_FALSE(none.margin);
}

}  // namespace
}  // namespace microgpt
