#include "random/py_pow.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace microgpt {
namespace {

double (*volatile libm_pow)(double, double) = ::pow;

// What a compiler would make of pow(x, y).
double folded_pow(double x, double y) {
  if (y == 2) return x * x;
  if (y == 0.5) return std::sqrt(x);
  return y == -1 ? 1 / x : x;
}

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

void expect_libm(double x, double y) {
  const double ours = py_pow(x, y), theirs = libm_pow(x, y);
  ASSERT_EQ(bits(ours), bits(theirs)) << fmt::format("{:a} ** {}: {:a} {:a}", x, y, ours, theirs);
}

// Random signs, all fractions, and exponents evenly from min_exponent to max_exponent.
class RandomDoubles {
 public:
  RandomDoubles(int min_exponent, int max_exponent) : exponent_(min_exponent, max_exponent) {}

  double operator()() {
    const std::uint64_t random = generator_();
    const double fraction = 1 + static_cast<double>(random >> 12) * 0x1p-52;
    return std::ldexp(random & 1 ? -fraction : fraction, exponent_(generator_));
  }

 private:
  std::mt19937_64 generator_{1};
  std::uniform_int_distribution<int> exponent_;
};

constexpr double kShortcuts[] = {2, 0.5, -1, 1};

// Gradients and their like. Folding must show here, or the comparison would prove nothing.
TEST(PyPow, HasTheBitsOfLibmAtCommonSizes) {
  for (const double y : kShortcuts) {
    RandomDoubles random(-60, 4);
    int folding_shows = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      const double x = std::fabs(random());
      ASSERT_NO_FATAL_FAILURE(expect_libm(x, y));
      if (folded_pow(x, y) != libm_pow(x, y)) ++folding_shows;
    }
#ifdef __GLIBC__
    EXPECT_GE(folding_shows, y == 1 ? 0 : 100) << y;
#endif
  }
}

TEST(PyPow, HasTheBitsOfLibmAtAllSizes) {
  for (const double y : kShortcuts) {
    RandomDoubles random(-1080, 1023);
    for (int i = 0; i < 500'000; ++i) ASSERT_NO_FATAL_FAILURE(expect_libm(random(), y));
  }
}

// Around each power of two, where the gap between doubles changes and where the shortcut begins and
// ends; zeros, subnormals, infinities and NaNs among them.
TEST(PyPow, HasTheBitsOfLibmAtTheEdges) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  std::vector<double> edges = {0, kInf, DBL_MAX, DBL_TRUE_MIN, std::nan("")};
  for (int exponent = -1074; exponent <= 1023; ++exponent) {
    double below = std::ldexp(1, exponent), above = below;
    edges.push_back(below);
    for (int i = 0; i < 20; ++i) {
      edges.push_back(below = std::nextafter(below, 0));
      edges.push_back(above = std::nextafter(above, kInf));
    }
  }
  for (const double y : kShortcuts) {
    for (const double x : edges) {
      ASSERT_NO_FATAL_FAILURE(expect_libm(x, y));
      ASSERT_NO_FATAL_FAILURE(expect_libm(-x, y));
    }
  }
}

// With x = 1 + k / 2^26, k odd and x * x in [2, 4), the square lies exactly halfway between two
// doubles; which of them pow returns is its own affair.
TEST(PyPow, HasTheBitsOfLibmWhereTheSquareIsATie) {
  int folding_shows = 0;
  for (int k = 27'797'403; k < 1 << 26; k += 202) {  // from just over sqrt(2)
    const double x = 1 + k * 0x1p-26;
    ASSERT_EQ(std::fabs(std::fma(x, x, -(x * x))), 0x1p-52) << k;
    ASSERT_NO_FATAL_FAILURE(expect_libm(x, 2));
    if (x * x != libm_pow(x, 2)) ++folding_shows;
  }
#ifdef __GLIBC__
  EXPECT_GT(folding_shows, 1000);
#endif
}

TEST(PyPow, PassesOtherExponentsOn) {
  RandomDoubles random(-60, 60);
  for (int i = 0; i < 100'000; ++i) {
    const double x = std::fabs(random());
    for (const double y : {-2.0, -1.5, -0.5, 0.0, 3.0, 0.1}) {
      ASSERT_NO_FATAL_FAILURE(expect_libm(x, y));
    }
  }
}

}  // namespace
}  // namespace microgpt
