#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "microgpt/random.h"
#include "support/python.h"

namespace microgpt {
namespace {

// The formula in the header, in Python's whole numbers.
TEST(CounterRandom, IsTheDocumentedFormula) {
  MICROGPT_RUN_PYTHON(output, R"(
M = 2**64 - 1
def mix(x):
    x ^= x >> 30; x = x * 0xBF58476D1CE4E5B9 & M
    x ^= x >> 27; x = x * 0x94D049BB133111EB & M
    return x ^ x >> 31
g = 0x9E3779B97F4A7C15
for seed, stream, counter in [(0, 0, 0), (42, 1, 2), (M, M, M), (1, 2**63, 7)]:
    bits = mix((mix((mix(seed + g & M) ^ stream) + g & M) ^ counter) + g & M)
    print(bits >> 11)
)");
  std::string expected;
  const auto add = [&](std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
    const double scaled = CounterRandom(seed, stream).random(counter) * 0x1p53;
    expected += std::to_string(static_cast<std::uint64_t>(scaled)) + "\n";
  };
  add(0, 0, 0);
  add(42, 1, 2);
  add(UINT64_MAX, UINT64_MAX, UINT64_MAX);
  add(1, std::uint64_t{1} << 63, 7);
  EXPECT_EQ(output, expected);
}

// Neighbours along each of the three numbers have nothing in common: chi-squared over the cells of
// a 16 x 16 table of pairs stays within 5 standard deviations of its mean.
TEST(CounterRandom, NeighboursAreIndependent) {
  const auto chi_squared = [](auto number) {
    constexpr int kDraws = 100'000, kCells = 256;
    std::vector<int> count(kCells);
    for (std::uint64_t i = 0; i < kDraws; ++i) {
      const auto cell = [&](std::uint64_t at) { return static_cast<std::size_t>(16 * number(at)); };
      ++count[16 * cell(i) + cell(i + 1)];
    }
    double sum = 0;
    for (const int n : count) sum += std::pow(n - kDraws / 256., 2) / (kDraws / 256.);
    return sum;
  };
  const auto expect_good = [&](double x) { EXPECT_NEAR(x, 255, 5 * std::sqrt(2 * 255.)); };
  expect_good(chi_squared([](std::uint64_t i) { return CounterRandom(i, 1).random(2); }));
  expect_good(chi_squared([](std::uint64_t i) { return CounterRandom(1, i).random(2); }));
  expect_good(chi_squared([](std::uint64_t i) { return CounterRandom(1, 2).random(i); }));
}

}  // namespace
}  // namespace microgpt
