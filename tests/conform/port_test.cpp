// The port without a mistake has the engines' bits; each mistake shows where the catalogue says.
#include "conform/port.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "conform/conform_test.h"
#include "microgpt/engine.h"
#include "microgpt/trace.h"

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

// Names, numbers and gradients of every intermediate value are those of the reference engine.
TEST(PortTrace, IsTheTraceOfTheReferenceEngine) {
  const Corpus corpus(small_documents());
  Recipe recipe = small_recipe();
  recipe.config.n_layer = 2;
  recipe.config.vocab_size = corpus.final_edition.vocab_size();
  PythonRandom random(recipe.train.seed);
  Dataset dataset = corpus.dataset;
  dataset.shuffle(random);
  const StateDict state = init_state_dict(recipe.config, recipe.train, random);
  std::vector<int> tokens = corpus.final_edition.encode_document(dataset[0]);
  tokens.resize(std::min(tokens.size(), std::size_t{6}));  // block_size + 1
  TraceOptions options;
  options.backward = true;
  const Trace right = microgpt::trace(recipe.config, state, tokens, options);
  Port port(recipe, corpus, {});
  port.step(true);
  std::size_t found = 0;
  for (const Named& named : port.trace()) {
    const bool is_grad = named.name.starts_with("grad.");
    const std::string name = is_grad ? named.name.substr(5) : named.name;
    const Traced& traced = right.traced[find_traced(right, name)];
    EXPECT_EQ(named.values, is_grad ? traced.grad : traced.data) << named.name;
    ++found;
  }
  EXPECT_GT(found, 300u);
}

}  // namespace
}  // namespace microgpt::conform
