// Training until held-out documents are predicted no better, and what the result is held against.
#include "microgpt/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "microgpt/evaluate.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

// Words of three syllables: enough of a pattern to learn, and few enough to learn by heart.
std::string syllable_words(int count) {
  static const std::vector<std::string> kSyllables = {"ka", "to", "mi", "re", "lu", "so", "ni"};
  PythonRandom random(3);
  std::string words;
  for (int i = 0; i < count; ++i) {
    for (int s = 0; s < 3; ++s) words += kSyllables[random.randbelow(kSyllables.size())];
    words += "\n";
  }
  return words;
}

struct Task {
  explicit Task(const std::string& words, double share = 0.2)
      : dataset(words, "words"),
        split(split_documents(dataset, share, 1)),
        tokenizer(Tokenizer::from_dataset(dataset, Edition::kFinal)) {
    config = {.n_embd = 16, .block_size = 8, .n_head = 4, .vocab_size = tokenizer.vocab_size()};
  }

  Fit fit_for(std::int64_t num_steps, const FitConfig& how = {}) const {
    TrainConfig train;
    train.num_steps = num_steps;
    const auto engine = make_engine("exact", config);
    return fit(split, tokenizer, config, train, *engine, how,
               [](const StepReport&) { return true; });
  }

  std::vector<Writing> write(const Fit& made, double temperature, std::size_t count) const {
    const auto engine = make_engine("exact", config);
    engine->load(made.state);
    return write_documents(*engine, config, tokenizer, split, std::vector{temperature}, count, 1,
                           [] { return true; });
  }

  Dataset dataset;
  Split split;
  Tokenizer tokenizer;
  Config config;
};

TEST(Fit, TheCurveIsThatOfTheTraining) {
  const Task task(syllable_words(200));
  const Fit made = task.fit_for(200, {.evaluations = 4, .patience = 4});
  ASSERT_EQ(made.curve.size(), 4u);
  EXPECT_EQ(made.curve[0].step, 50);
  EXPECT_EQ(made.curve[3].step, 200);
  EXPECT_LT(made.curve[3].held_out_loss, made.curve[0].held_out_loss);
  const auto engine = make_engine("exact", task.config);
  engine->load(made.state);
  EXPECT_EQ(made.loss(),
            evaluate(*engine, task.config, task.tokenizer, task.split.held_out).loss_per_token);
}

TEST(Fit, StopsWhenItGetsNoBetterAndKeepsTheBest) {
  const Task task(syllable_words(20), 0.5);  // ten words are soon known by heart
  const FitConfig how = {.evaluations = 50, .patience = 3};
  const Fit made = task.fit_for(3000, how);
  EXPECT_TRUE(made.stopped_early);
  EXPECT_EQ(made.curve.size(), made.kept + 4);
  for (const FitPoint& point : made.curve) EXPECT_GE(point.held_out_loss, made.loss());
  const auto engine = make_engine("exact", task.config);
  engine->load(made.state);
  EXPECT_EQ(made.loss(), loss_per_token(*engine, task.config, task.tokenizer, task.split.held_out));
}

TEST(Fit, AListOfFiftyWordsIsLearnedByHeart) {
  const Task task(syllable_words(50), 0.1);
  const Fit made = task.fit_for(3000, {.keep_last = true});
  EXPECT_FALSE(made.stopped_early);
  EXPECT_EQ(made.curve[made.kept].step, 3000);
  const NoveltyCount count = task.write(made, 0.5, 200).front().count;
  EXPECT_EQ(count.documents, 200u);
  EXPECT_GT(count.copies, 160u);
  EXPECT_LT(task.write(task.fit_for(20), 1.0, 200).front().count.copies, 20u);  // not yet
}

TEST(Fit, CountsAreWhatAModelHasToBeat) {
  const Task task(syllable_words(300));
  const Baselines baselines = baselines_of(task.split, task.tokenizer, task.config.block_size);
  EXPECT_DOUBLE_EQ(baselines.uniform, std::log(task.tokenizer.vocab_size()));
  EXPECT_LT(baselines.bigram, baselines.uniform - 0.5);
  EXPECT_LT(baselines.four_gram, baselines.uniform - 0.5);
}

TEST(Fit, DocumentsHeldOutAreNoCopies) {
  const Task task(syllable_words(300));
  const NoveltyCount count = count_held_out(task.split);
  EXPECT_EQ(count.documents, task.split.held_out.size());
  EXPECT_EQ(count.copies, 0u);
  EXPECT_EQ(count.held_out, count.documents);
}

TEST(Fit, CanBeStopped) {
  const Task task(syllable_words(50));
  TrainConfig train;
  const auto engine = make_engine("exact", task.config);
  const Fit none = fit(task.split, task.tokenizer, task.config, train, *engine, {},
                       [](const StepReport&) { return false; });
  EXPECT_TRUE(none.curve.empty());
  EXPECT_TRUE(none.state.params.empty());
  int left = 5;
  const auto written = write_documents(*engine, task.config, task.tokenizer, task.split,
                                       std::vector{0.5, 1.0}, 4, 1, [&] { return left-- > 0; });
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(written[0].count.documents, 4u);
  EXPECT_EQ(written[1].count.documents, 1u);
}

// A list in order has easy documents at one end.
TEST(Fit, JudgesTheSameDocumentsFromAllOfTheList) {
  std::string words;
  for (int i = 0; i < 5000; ++i) words += i < 2500 ? "aa\n" : "z" + std::to_string(i) + "\n";
  const Dataset held_out(words, "words");
  const Dataset judged = judged_documents(held_out);
  ASSERT_EQ(judged.size(), 2000u);
  EXPECT_EQ(judged[999], "aa");
  EXPECT_EQ(judged[1000], "z2500");
  EXPECT_EQ(judged[1999], "z4997");
  EXPECT_EQ(judged_documents(judged).size(), 2000u);
  const Tokenizer tokenizer = Tokenizer::from_dataset(held_out, Edition::kFinal);
  const Baselines all = baselines_of({judged, held_out}, tokenizer, 8);
  EXPECT_EQ(all.four_gram, baselines_of({judged, judged}, tokenizer, 8).four_gram);
}

TEST(Fit, RefusesWhatMakesNoSense) {
  const Task task(syllable_words(50));
  EXPECT_NE(message_of([&] { task.fit_for(10, {.evaluations = 0}); }), "no error");
  EXPECT_NE(message_of([&] { task.fit_for(10, {.patience = 0}); }), "no error");
}

}  // namespace
}  // namespace microgpt
