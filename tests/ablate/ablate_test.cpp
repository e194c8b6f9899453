#include "microgpt/ablate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "microgpt/engine.h"
#include "microgpt/error.h"
#include "microgpt/evaluate.h"
#include "microgpt/trainer.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

bool always(const AblationProgress&) { return true; }

// Two dozen words over six letters.
const Dataset& words() {
  static const Dataset dataset(
      "anna\nabba\nbaba\nnana\nanan\nbanana\ncab\nacab\nbanca\ncabana\nabc\nbca\ncab\ncana\n"
      "nab\nban\nbann\nabab\nbab\naba\nana\ndana\nadan\ndan\nand\nband\nanna\n",
      "words");
  return dataset;
}

struct TinyStudy {
  TinyStudy() {
    model.n_embd = 4;
    model.n_head = 2;
    model.block_size = 6;
    model.vocab_size = tokenizer.vocab_size();
    train.num_steps = 40;
    train.learning_rate = 0.05;
  }

  Variant variant(std::string_view name) const { return make_variant(name, model, train); }

  std::vector<VariantResult> run(const std::vector<Variant>& variants, std::int64_t seeds,
                                 int threads = 1) const {
    return ablate(words(), tokenizer, variants,
                  {.first_seed = 5, .seeds = seeds, .held_out = 0.25, .threads = threads}, always);
  }

  Tokenizer tokenizer = Tokenizer::from_dataset(words(), Edition::kFinal);
  Config model;
  TrainConfig train;
};

TEST(Variants, SayWhatTheyChange) {
  Config config;
  config.vocab_size = 27;
  const TrainConfig train;
  const auto change = [&](std::string_view name) {
    return make_variant(name, config, train).change;
  };
  EXPECT_EQ(variant_names().size(), 12u);
  EXPECT_EQ(variant_names().front(), "unchanged");
  EXPECT_EQ(change("unchanged"), "");
  EXPECT_EQ(change("no-rmsnorm"), "rmsnorm on -> off");
  EXPECT_EQ(change("no-wpe"), "wpe on -> off");
  EXPECT_EQ(change("no-residual"), "residual on -> off");
  EXPECT_EQ(change("one-head"), "n_head 4 -> 1");
  EXPECT_EQ(change("relu2"), "activation relu -> relu2");
  EXPECT_EQ(change("sgd"), "optimizer adam -> sgd, learning_rate 0.01 -> 0.3");
  EXPECT_EQ(change("constant-lr"), "schedule linear -> constant");
  EXPECT_EQ(change("small-init"), "init_std 0.08 -> 0.02");
  EXPECT_EQ(change("double-depth"), "n_layer 1 -> 2");
  EXPECT_EQ(change("half-width"), "n_embd 16 -> 8");
  EXPECT_EQ(change("double-width"), "n_embd 16 -> 32");
}

// The description is all that differs.
TEST(Variants, ChangeOneThing) {
  const TinyStudy study;
  Variant wpe = study.variant("no-wpe");
  wpe.config.parts.wpe = true;
  EXPECT_EQ(wpe.config, study.model);
  EXPECT_EQ(wpe.train, study.train);
  Variant sgd = study.variant("sgd");
  EXPECT_EQ(sgd.train.learning_rate, kSgdLearningRate);
  sgd.train.optimizer = Optimizer::kAdam;
  sgd.train.learning_rate = study.train.learning_rate;
  EXPECT_EQ(sgd.config, study.model);
  EXPECT_EQ(sgd.train, study.train);
}

TEST(Variants, ThatAreNoneAreRefused) {
  TinyStudy study;
  EXPECT_EQ(message_of([&] { study.variant("no-rmsnrm"); }),
            "variant: nothing is called 'no-rmsnrm'; similar: no-rmsnorm, no-wpe, no-residual");
  study.model.n_head = 1;
  EXPECT_EQ(message_of([&] { study.variant("one-head"); }),
            "variant one-head: would change nothing, the model is that already");
  study.train.optimizer = Optimizer::kSgd;
  EXPECT_EQ(message_of([&] { study.variant("sgd"); }),
            "variant sgd: would change nothing, the model is that already");
  study.model.n_head = 4;
  EXPECT_EQ(message_of([&] { study.variant("half-width"); }),
            "variant half-width: n_head: does not divide n_embd, expected a divisor of 2, got 4");
}

// A seed's run made again from public parts: the split, the order, the first parameters.
TEST(Ablate, IsWhatItSays) {
  const TinyStudy study;
  const auto results = study.run({study.variant("unchanged"), study.variant("no-residual")}, 3);
  std::vector<std::vector<double>> held_out(2), last_losses(2);
  for (std::uint64_t seed = 5; seed < 8; ++seed) {
    Split split = split_documents(words(), 0.25, seed);
    PythonRandom random(seed);
    split.train.shuffle(random);
    for (std::size_t v = 0; v < 2; ++v) {
      const Config& config = results[v].variant.config;
      PythonRandom same = random;
      const auto engine = make_engine("exact", config);
      engine->load(init_state_dict(config, study.train, same));
      double sum = 0;
      train(*engine, config, study.train, split.train, study.tokenizer, 0,
            [&](const StepReport& report) {
              if (report.step > 36) sum += report.loss;  // 4 of 40
              return true;
            });
      last_losses[v].push_back(sum / 4);
      held_out[v].push_back(
          evaluate(*engine, config, study.tokenizer, split.held_out).loss_per_token);
    }
  }
  for (std::size_t v = 0; v < 2; ++v) {
    EXPECT_EQ(results[v].held_out_loss.mean, estimate_mean(held_out[v]).mean);
    EXPECT_EQ(results[v].held_out_loss.margin, estimate_mean(held_out[v]).margin);
    EXPECT_EQ(results[v].train_loss.mean, estimate_mean(last_losses[v]).mean);
    EXPECT_EQ(results[v].held_out_loss.n, 3u);
    EXPECT_EQ(results[v].diverged, 0u);
    EXPECT_GT(results[v].seconds, 0);
    std::vector<double> differences;
    for (std::size_t i = 0; i < 3; ++i) differences.push_back(held_out[v][i] - held_out[0][i]);
    EXPECT_EQ(results[v].difference.mean, estimate_mean(differences).mean);
    EXPECT_EQ(results[v].difference.margin, estimate_mean(differences).margin);
  }
}

TEST(Ablate, ThreadsDontMatter) {
  const TinyStudy study;
  const std::vector<Variant> variants = {study.variant("unchanged"), study.variant("no-rmsnorm"),
                                         study.variant("sgd")};
  const auto one = study.run(variants, 7), three = study.run(variants, 7, 3);
  for (std::size_t v = 0; v < variants.size(); ++v) {
    EXPECT_EQ(one[v].held_out_loss.mean, three[v].held_out_loss.mean);
    EXPECT_EQ(one[v].held_out_loss.margin, three[v].held_out_loss.margin);
    EXPECT_EQ(one[v].train_loss.mean, three[v].train_loss.mean);
    EXPECT_EQ(one[v].difference.mean, three[v].difference.mean);
    EXPECT_EQ(one[v].difference.margin, three[v].difference.margin);
  }
}

// A model that learns nothing is worse, and clearly; the same one again is the same, for every
// seed: runs of one seed share all that a seed decides.
TEST(Ablate, FindsThePlantedDifference) {
  const TinyStudy study;
  const Variant base = study.variant("unchanged");
  Variant same = base, unlearned = base;
  unlearned.train.learning_rate = 0;
  const auto results = study.run({base, same, unlearned}, 8);
  EXPECT_EQ(results[1].difference.mean, 0);
  EXPECT_EQ(results[1].difference.margin, 0);
  EXPECT_GT(results[2].difference.mean - results[2].difference.margin.value(), 0.1);
  EXPECT_GT(results[0].held_out_loss.margin.value(), 0);  // seeds do differ
}

TEST(Ablate, PartsMakeADifference) {
  const TinyStudy study;
  const auto results = study.run({study.variant("unchanged"), study.variant("no-rmsnorm"),
                                  study.variant("no-wpe"), study.variant("no-residual")},
                                 1);
  for (std::size_t v = 1; v < results.size(); ++v) {
    EXPECT_NE(results[v].held_out_loss.mean, results[0].held_out_loss.mean) << v;
    EXPECT_FALSE(results[v].difference.margin);
  }
  EXPECT_EQ(results[0].num_params, study.model.num_params());
  EXPECT_EQ(results[1].num_params, study.model.num_params());
  EXPECT_EQ(results[2].num_params, study.model.num_params() - 6 * 4);
}

TEST(Ablate, DivergedRunsAreCountedAndNotAveraged) {
  const TinyStudy study;
  Variant wild = study.variant("sgd");
  wild.train.learning_rate = 1e300;
  const auto results = study.run({study.variant("unchanged"), wild}, 3);
  EXPECT_EQ(results[1].diverged, 3u);
  EXPECT_EQ(results[1].held_out_loss.n, 0u);
  EXPECT_EQ(results[1].difference.n, 0u);
  EXPECT_EQ(results[0].held_out_loss.n, 3u);
  // Where the unchanged one is none, there is nothing to compare with.
  const auto other_way = study.run({wild, study.variant("unchanged")}, 3);
  EXPECT_EQ(other_way[1].held_out_loss.n, 3u);
  EXPECT_EQ(other_way[1].difference.n, 0u);
}

// Five runs of two variants: two seeds are done, and half of the third.
TEST(Ablate, StopsWithWhatIsDone) {
  const TinyStudy study;
  const std::vector<Variant> variants = {study.variant("unchanged"), study.variant("no-wpe")};
  const AblationConfig config{.first_seed = 5, .seeds = 100, .held_out = 0.25};
  const auto results =
      ablate(words(), study.tokenizer, variants, config, [](const AblationProgress& progress) {
        EXPECT_EQ(progress.runs, 200u);
        return progress.runs_done < 5;
      });
  EXPECT_EQ(results[0].held_out_loss.n, 3u);
  EXPECT_EQ(results[1].held_out_loss.n, 2u);
  EXPECT_EQ(results[1].difference.n, 2u);
  EXPECT_EQ(results[1].difference.mean, study.run(variants, 2)[1].difference.mean);
}

// A long run is left in its midst.
TEST(Ablate, StopsInARun) {
  TinyStudy study;
  study.train.num_steps = 1'000'000'000;
  const std::vector<Variant> variants = {study.variant("unchanged")};
  int asked = 0;
  const auto results = ablate(words(), study.tokenizer, variants, {},
                              [&](const AblationProgress&) { return ++asked < 10; });
  EXPECT_EQ(results[0].held_out_loss.n, 0u);
}

TEST(Ablate, BadInputIsRefused) {
  TinyStudy study;
  const auto message = [&](const AblationConfig& config) {
    const std::vector<Variant> variants = {study.variant("unchanged")};
    return message_of([&] { ablate(words(), study.tokenizer, variants, config, always); });
  };
  EXPECT_EQ(message({.seeds = 0}), "seeds: out of range, expected 1 to 1000000, got 0");
  EXPECT_EQ(message({.threads = 0}), "threads: out of range, expected 1 to 1024, got 0");
  EXPECT_EQ(message({.held_out = 1}),
            "held_out: out of range, expected above 0 and below 1, got 1");
  study.train.batch_size = 1000;
  EXPECT_TRUE(message({}).starts_with("batch_size: a batch larger than the data")) << message({});
  study.train.batch_size = 1;
  study.train.num_steps = 0;
  EXPECT_EQ(message({}), "num_steps: expected 1 or more, got 0");
}

}  // namespace
}  // namespace microgpt
