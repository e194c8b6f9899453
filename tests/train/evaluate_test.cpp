#include "microgpt/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "microgpt/error.h"

namespace microgpt {
namespace {

Config config_for(const Tokenizer& tokenizer, int block_size) {
  Config config;
  config.n_embd = 4;
  config.n_head = 2;
  config.block_size = block_size;
  config.vocab_size = tokenizer.vocab_size();
  return config;
}

// A model without weights predicts uniformly: all its figures follow from the vocabulary.
TEST(Evaluate, UniformModel) {
  const Dataset dataset("ab\nabc\n", "test");
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  const Config config = config_for(tokenizer, 16);
  const auto result = evaluate(*make_engine("reference", config), config, tokenizer, dataset);
  EXPECT_EQ(result.documents, 2u);
  EXPECT_EQ(result.truncated, 0u);
  EXPECT_EQ(result.tokens, 3 + 4);
  EXPECT_EQ(result.characters, 2 + 3);
  EXPECT_NEAR(result.loss_per_token, std::log(4.0), 1e-15);
  EXPECT_NEAR(result.loss_per_document, 7 * std::log(4.0) / 2, 1e-14);
  EXPECT_NEAR(result.perplexity, 4, 1e-14);
  EXPECT_NEAR(result.bits_per_character, 7 * 2.0 / 5, 1e-14);
  EXPECT_EQ(result.uniform_loss, std::log(4.0));
}

// By hand: for "ab" the counts are those of "ac", and the other way round. Rows, + 1 each, V = 4:
// BOS->a: (1 + 1) / (1 + 4); a->b: (0 + 1) / (1 + 4); b->BOS: (0 + 1) / (0 + 4).
TEST(Evaluate, BigramBaselineLeavesTheDocumentOut) {
  const Dataset dataset("ab\nac\n", "test");
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  const Config config = config_for(tokenizer, 16);
  const auto result = evaluate(*make_engine("reference", config), config, tokenizer, dataset);
  EXPECT_NEAR(result.bigram_loss, -std::log(0.4 * 0.2 * 0.25) / 3, 1e-15);
}

TEST(Evaluate, LongDocumentsCountAsFarAsTheBlock) {
  const Dataset dataset("abcabc\nab\n", "test");
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  const Config config = config_for(tokenizer, 4);
  const auto result = evaluate(*make_engine("reference", config), config, tokenizer, dataset);
  EXPECT_EQ(result.truncated, 1u);
  EXPECT_EQ(result.tokens, 4 + 3);
  EXPECT_EQ(result.characters, 4 + 2);
}

// Exactly as long as the block: the end is not predicted, as in training.
TEST(Evaluate, AgreesWithTheTrainingLoss) {
  const Dataset dataset("abca\n", "test");
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  const Config config = config_for(tokenizer, 4);
  const auto engine = make_engine("reference", config);
  TrainConfig train;
  train.init_std = 0.5;
  PythonRandom random(1);
  engine->load(init_state_dict(config, train, random));
  const auto result = evaluate(*engine, config, tokenizer, dataset);
  const std::vector<int> tokens = tokenizer.encode_document("abca");
  EXPECT_NEAR(engine->loss_and_grad({&tokens, 1}), result.loss_per_token, 1e-15);
}

// "abcabca" after BOS in windows of 3 predictions: 3, 3 and 1; each letter counts once. By hand, as
// all windows but the one that is scored are counted: BOS->a comes once, so never elsewhere.
TEST(Evaluate, WindowsSideBySide) {
  const Dataset dataset("abcabca", "test", Encoding::kUtf8, Sequences::kWindows);
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  const Config config = config_for(tokenizer, 3);
  const auto engine = make_engine("reference", config);
  TrainConfig train;
  train.init_std = 0.5;
  PythonRandom random(1);
  engine->load(init_state_dict(config, train, random));
  const auto result = evaluate(*engine, config, tokenizer, dataset);
  EXPECT_EQ(result.documents, 3u);
  EXPECT_EQ(result.truncated, 0u);
  EXPECT_EQ(result.tokens, 7);
  EXPECT_EQ(result.characters, 7);
  const std::vector<std::vector<int>> windows = {{3, 0, 1, 2}, {2, 0, 1, 2}, {2, 0}};
  EXPECT_NEAR(result.loss_per_token, engine->loss_and_grad(windows), 1e-15);
  // First window: BOS->a (0 + 1) / (0 + 4), a->b and b->c (1 + 1) / (1 + 4). Second: c->a
  // (1 + 1) / (1 + 4), a->b and b->c again. Third: c->a (1 + 1) / (1 + 4).
  EXPECT_NEAR(result.bigram_loss, -std::log(0.25 * std::pow(0.4, 6)) / 7, 1e-15);
}

TEST(LossPerToken, IsEvaluatesOwn) {
  for (const Sequences sequences : {Sequences::kDocuments, Sequences::kWindows}) {
    const Dataset dataset("abca\nb\ncabcabca\n", "test", Encoding::kUtf8, sequences);
    const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
    const Config config = config_for(tokenizer, 4);
    const auto engine = make_engine("exact", config);
    PythonRandom random(1);
    engine->load(init_state_dict(config, {.init_std = 0.5}, random));
    EXPECT_EQ(loss_per_token(*engine, config, tokenizer, dataset),
              evaluate(*engine, config, tokenizer, dataset).loss_per_token);
  }
}

TEST(Evaluate, UnknownLetterIsAnError) {
  const Dataset known("ab\n", "test"), unknown("abz\n", "test");
  const Tokenizer tokenizer = Tokenizer::from_dataset(known, Edition::kFinal);
  const Config config = config_for(tokenizer, 4);
  const auto engine = make_engine("reference", config);
  EXPECT_THROW(evaluate(*engine, config, tokenizer, unknown), Error);
}

}  // namespace
}  // namespace microgpt
