// A float32 engine drifts away from the definition step by step. Whether it still learns the same
// is a question of statistics: over seeds, its loss must not be better or worse.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "support/training.h"

namespace microgpt::test {
namespace {

double mean(const double* begin, const double* end) {
  return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
}

// Both runs of a seed see the same documents and begin with the same parameters, so that the
// difference of their losses is what the engines add to it.
TEST(LossCurve, OfCpuIsThatOfTheDefinitionOverTwentySeeds) {
  constexpr int kSeeds = 20;
  constexpr std::ptrdiff_t kSteps = 1000, kPart = 250;
  std::vector<std::vector<double>> differences(kSteps / kPart);
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Training training;
    training.data = std::string(MICROGPT_SOURCE_DIR) + "/data/names.txt";
    training.train.seed = seed;
    training.num_samples = 0;
    const std::vector<double> ours = run_engine("cpu", training).losses;
    // The bits of `reference`, in less time.
    const std::vector<double> theirs = run_engine("exact", training).losses;
    ASSERT_EQ(ours.size(), static_cast<std::size_t>(kSteps));
    for (std::ptrdiff_t part = 0; part * kPart < kSteps; ++part) {
      const std::ptrdiff_t begin = part * kPart;
      differences[static_cast<std::size_t>(part)].push_back(
          mean(&ours[static_cast<std::size_t>(begin)],
               &ours[static_cast<std::size_t>(begin)] + kPart) -
          mean(&theirs[static_cast<std::size_t>(begin)],
               &theirs[static_cast<std::size_t>(begin)] + kPart));
    }
  }
  for (const std::vector<double>& d : differences) {
    const double average = mean(d.data(), d.data() + d.size());
    double squares = 0;
    for (const double x : d) squares += (x - average) * (x - average);
    const double error = std::sqrt(squares / (kSeeds - 1) / kSeeds);
    SCOPED_TRACE(fmt::format("difference {} +- {} nats", average, error));
    // Parts differ by some 0.1 nats from seed to seed: this is a hundredth of it, and no bias.
    EXPECT_LT(std::abs(average), 1e-3);
    EXPECT_LT(std::abs(average), 3.5 * error + 1e-6);
  }
}

}  // namespace
}  // namespace microgpt::test
