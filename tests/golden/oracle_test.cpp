// Every engine that promises Python's bits, beside the original while it runs: random shapes,
// seeds and data.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "support/temp_folder.h"
#include "support/training.h"

namespace microgpt::test {
namespace {

// Names made of random letters of one script, some of them longer than the block.
std::string write_random_names(unsigned seed, const TempFolder& folder) {
  static const std::vector<std::vector<std::string>> kScripts = {
      {"a", "b", "c", "d", "e", "f", "g", "h"},
      {"\u0627", "\u0628", "\u062a", "\u0646", "\u0645"},               // Arabic
      {"\uac00", "\ub098", "\ub2e4", "\ub77c", "\ub9c8", "\ubc14"},     // Korean
      {"z", "\u00e9", "\u4e2d", "\u6587", "\U0001f600", "\U0001f9e0"},  // mixed, with emoji
  };
  std::mt19937 rng(seed);
  const auto& letters = kScripts[seed % kScripts.size()];
  const std::string path = folder / "names.txt";
  std::ofstream file(path, std::ios::binary);
  const char* line_ends[] = {"\n", "\r\n", "\r", "\n\n"};
  for (unsigned i = 0; i < 5 + rng() % 30; ++i) {
    for (std::size_t n = 1 + rng() % 9; n > 0; --n) file << letters[rng() % letters.size()];
    file << line_ends[seed % 4];
  }
  return path;
}

Training random_training(unsigned seed, const TempFolder& folder) {
  std::mt19937 rng(seed);
  const auto pick = [&](std::initializer_list<int> choices) {
    return *(choices.begin() + rng() % choices.size());
  };
  Training training;
  training.config.n_head = pick({1, 2, 4});
  training.config.n_embd = training.config.n_head * pick({1, 3, 4, 8});
  if (training.config.n_embd < 4) training.config.n_embd = 4;
  training.config.n_layer = 1 + static_cast<int>(seed % 3);
  training.config.block_size = 2 + static_cast<int>(rng() % 15);
  training.train.seed = seed % 2 == 0 ? rng() : (std::uint64_t{rng()} << 32) + rng();
  training.train.num_steps = training.config.n_embd > 16 ? 3 : 6;
  training.train.learning_rate = 0.001 * pick({1, 10, 37});
  training.grads_at = training.train.num_steps;
  training.temperature = 0.1 * pick({3, 5, 10, 17});
  training.num_samples = 5;
  training.data = write_random_names(seed, folder);
  return training;
}

class Oracle : public ::testing::TestWithParam<unsigned> {};

TEST_P(Oracle, HasTheSameBits) {
  const TempFolder folder;
  const Training training = random_training(GetParam(), folder);
  const std::optional<Numbers> theirs = run_oracle(training);
  if (!theirs) GTEST_SKIP() << "python3 or the original is not here";
  SCOPED_TRACE(fmt::format("n_embd {} n_head {} n_layer {} block_size {} seed {}",
                           training.config.n_embd, training.config.n_head, training.config.n_layer,
                           training.config.block_size, training.train.seed));
  for (const char* engine : {"reference", "exact"}) {
    SCOPED_TRACE(engine);
    expect_same_bits(run_engine(engine, training), *theirs);
  }
}

INSTANTIATE_TEST_SUITE_P(RandomConfigs, Oracle, ::testing::Range(1u, 25u));

}  // namespace
}  // namespace microgpt::test
