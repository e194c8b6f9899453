// Ports with a generator of their own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "conform/conform_test.h"
#include "conform/port.h"
#include "support/message_of.h"

namespace microgpt::conform {
namespace {

constexpr int kSeeds = 150;

std::vector<Band> bands_of(std::uint64_t seed, const Mistakes& mistakes) {
  const Corpus corpus(small_documents());
  Recipe recipe = small_recipe();
  recipe.train.num_steps = 120;
  Recipe own = recipe;
  own.train.seed = seed;
  Port port(own, corpus, mistakes);
  std::string log;
  for (int i = 0; i < 120; ++i) log += fmt::format("{:.4f}\n", port.step(false));
  return check_with_own_generator(log, "log", recipe, corpus.dataset, kSeeds);
}

TEST(OwnGenerator, ARightPortIsPlausible) {
  for (const std::uint64_t seed : {100001u, 100002u, 100003u}) {
    const auto bands = bands_of(seed, {});
    ASSERT_EQ(bands.size(), 4u);
    for (const Band& band : bands) {
      EXPECT_FALSE(band.outside()) << band.first_step;
      EXPECT_LE(band.low, band.median);
      EXPECT_LE(band.median, band.high);
    }
    EXPECT_EQ(bands.back().first_step, 71);
  }
}

TEST(OwnGenerator, AWrongOneIsNot) {
  for (const Mistake mistake : {Mistake::kMulSwapped, Mistake::kLossSum, Mistake::kGradOverwritten,
                                Mistake::kBiasStepLow, Mistake::kNoCausalMask}) {
    const auto bands = bands_of(100001, {mistake});
    EXPECT_TRUE(std::ranges::any_of(bands, &Band::outside)) << describe(mistake).id;
  }
}

TEST(OwnGenerator, WantsTheLossOfEachStep) {
  const auto check_log = [](const char* log) {
    return message_of(
        [&] { check_with_own_generator(log, "log", small_recipe(), small_documents(), 2); });
  };
  EXPECT_EQ(check_log("1 2.5\n3 2.5\n"),
            "log: the loss of step 2 is missing, expected one for each step");
}

}  // namespace
}  // namespace microgpt::conform
