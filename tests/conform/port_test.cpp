// The port without a mistake has the engines' bits; each mistake shows where the catalogue says.
#include "conform/port.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "conform/conform_test.h"

namespace microgpt::conform {
namespace {

class RightPort : public ::testing::TestWithParam<unsigned> {};

TEST_P(RightPort, HasTheEnginesBits) {
  const Corpus corpus(small_documents());
  Recipe recipe = small_recipe();
  const unsigned seed = GetParam();
  recipe.config.n_layer = 1 + static_cast<int>(seed % 2);
  recipe.config.n_head = seed % 3 == 0 ? 1 : 2;
  recipe.config.block_size = 3 + static_cast<int>(seed % 5);
  recipe.train = default_train_config(seed % 4 == 3 ? Edition::kFirst : Edition::kFinal);
  recipe.config.activation = default_config(recipe.train.edition).activation;
  recipe.train.seed = seed;
  recipe.train.num_steps = 20;
  recipe.lm_head_last = seed % 5 == 0;
  if (seed % 6 == 0) recipe.train.optimizer = Optimizer::kSgd;
  const auto right = run_engine(recipe, corpus);
  Port port(recipe, corpus, {});
  for (int step = 0; step < 20; ++step) {
    ASSERT_EQ(fmt::format("{:a}", port.step(false)), fmt::format("{:a}", right->step(false)));
  }
  const auto ours = port.params(), theirs = right->params();
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i].values, theirs[i].values);
  EXPECT_EQ(port.samples(5), right->samples(5));
}

INSTANTIATE_TEST_SUITE_P(Recipes, RightPort, ::testing::Range(0u, 12u));

}  // namespace
}  // namespace microgpt::conform
