#include "microgpt/numerical_gradient.h"

#include <gtest/gtest.h>

#include <cmath>

namespace microgpt {
namespace {

using Vector = std::vector<double>;

TEST(NumericalGradient, IsThatOfTheFormula) {
  const auto f = [](const Vector& x) { return x[0] * x[0] * x[1] + std::sin(x[2]); };
  const Vector gradient = numerical_gradient(f, {3, -2, 0.5}, 1e-5);
  ASSERT_EQ(gradient.size(), 3u);
  EXPECT_NEAR(gradient[0], -12, 1e-9);
  EXPECT_NEAR(gradient[1], 9, 1e-9);
  EXPECT_NEAR(gradient[2], std::cos(0.5), 1e-9);
}

// The error of central differences falls with eps squared: d/dx x^3 at 1 is 3 + eps^2.
TEST(NumericalGradient, IsCentral) {
  const auto cube = [](const Vector& x) { return x[0] * x[0] * x[0]; };
  EXPECT_NEAR(numerical_gradient(cube, {1}, 0.5)[0], 3.25, 1e-14);
}

TEST(NumericalGradient, NudgesOneAtATimeAndLeavesNothingBehind) {
  std::vector<Vector> seen;
  numerical_gradient(
      [&](const Vector& x) {
        seen.push_back(x);
        return 0.0;
      },
      {1, 2}, 0.25);
  EXPECT_EQ(seen, (std::vector<Vector>{{1.25, 2}, {0.75, 2}, {1, 2.25}, {1, 1.75}}));
}

}  // namespace
}  // namespace microgpt
