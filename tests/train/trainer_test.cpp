#include "microgpt/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "microgpt/error.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

using Sequence = std::vector<int>;

Config small_config(int vocab_size) {
  Config config;
  config.n_embd = 4;
  config.n_head = 2;
  config.block_size = 3;
  config.vocab_size = vocab_size;
  return config;
}

// Three documents; the engine is fresh from a seed.
struct SmallRun {
  explicit SmallRun(TrainConfig train_config = {}) : config(train_config) {
    engine->load(init_state_dict(model, config, random));
  }

  std::int64_t train_from(std::int64_t first_step, std::int64_t stop_after) {
    return train(*engine, model, config, dataset, tokenizer, first_step, [&](const StepReport& r) {
      reports.push_back(r);
      return r.step < stop_after;
    });
  }

  TrainConfig config;
  Dataset dataset{"ab\nabcab\nc\n", "test"};
  Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
  Config model = small_config(tokenizer.vocab_size());
  PythonRandom random{3};
  std::unique_ptr<Engine> engine = make_engine("reference", model);
  std::vector<StepReport> reports;
};

TrainConfig steps(std::int64_t num_steps) {
  TrainConfig config;
  config.num_steps = num_steps;
  return config;
}

TEST(Trainer, ReportsEveryStep) {
  SmallRun run(steps(5));
  EXPECT_EQ(run.train_from(0, 99), 5);
  ASSERT_EQ(run.reports.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(run.reports[i].step, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(run.reports[i].learning_rate,
              learning_rate_at(run.config, static_cast<std::int64_t>(i)));
  }
  // Documents in turn, at most block_size predictions of each: "ab", "abcab", "c", "ab", "abcab".
  EXPECT_EQ(run.reports[0].tokens, 3);
  EXPECT_EQ(run.reports[1].tokens, 3);
  EXPECT_EQ(run.reports[2].tokens, 2);
  EXPECT_EQ(run.reports[3].tokens, 3);
}

// Stopping after any step and going on with the state gives every bit of the run that never stops.
TEST(Trainer, ResumedRunEqualsTheUninterrupted) {
  SmallRun whole(steps(12));
  whole.train_from(0, 99);
  for (std::int64_t stop = 1; stop < 12; ++stop) {
    SmallRun first(steps(12)), second(steps(12));
    EXPECT_EQ(first.train_from(0, stop), stop);
    second.engine->load(first.engine->state_dict());
    EXPECT_EQ(second.train_from(stop, 99), 12);
    EXPECT_EQ(second.engine->state_dict(), whole.engine->state_dict()) << "stopped at " << stop;
    EXPECT_EQ(second.reports.back().loss, whole.reports.back().loss);
  }
}

TEST(Trainer, LearnsItsDocuments) {
  SmallRun run(steps(300));
  run.train_from(0, 999);
  EXPECT_LT(run.reports.back().loss, 0.6 * run.reports.front().loss);
}

// Writes down what it is asked to do.
class Recorder : public Engine {
 public:
  struct Pass {
    std::vector<Sequence> batch;
    std::size_t num_tokens;
  };

  void load(const StateDict&) override {}
  StateDict state_dict() const override { return {}; }
  double loss_and_grad(Batch batch, std::size_t num_tokens) override {
    passes.push_back({{batch.begin(), batch.end()}, num_tokens});
    return 0.5;
  }
  std::vector<double> grads() const override { return {}; }
  void optimizer_step(const OptimizerStep&) override { updates.push_back(passes.size()); }
  std::unique_ptr<Decoder> new_decoder() const override { return nullptr; }

  std::vector<Pass> passes;
  std::vector<std::size_t> updates;  // passes done before each
};

struct Recorded : Recorder {
  Recorded(const Dataset& dataset, TrainConfig config, int block_size = 3,
           std::int64_t first_step = 0) {
    const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
    Config model = small_config(tokenizer.vocab_size());
    model.block_size = block_size;
    train(*this, model, config, dataset, tokenizer, first_step, [&](const StepReport& report) {
      reports.push_back(report);
      return true;
    });
  }

  std::vector<StepReport> reports;
};

TrainConfig batches(std::int64_t num_steps, int batch_size, int grad_accum) {
  TrainConfig config = steps(num_steps);
  config.batch_size = batch_size;
  config.grad_accum = grad_accum;
  return config;
}

// a = 0, ..., e = 4, BOS = 5.
TEST(Trainer, TakesTheNextDocumentsOfABatch) {
  const Dataset dataset("a\nbb\nccccc\nd\neee\n", "test");
  const Recorded run(dataset, batches(2, 2, 2));
  const Sequence a = {5, 0, 5}, b = {5, 1, 1, 5}, c = {5, 2, 2, 2, 2, 2, 5}, d = {5, 3, 5},
                 e = {5, 4, 4, 4, 5};
  ASSERT_EQ(run.passes.size(), 4u);
  EXPECT_EQ(run.passes[0].batch, (std::vector<Sequence>{a, b}));
  EXPECT_EQ(run.passes[1].batch, (std::vector<Sequence>{c, d}));
  EXPECT_EQ(run.passes[2].batch, (std::vector<Sequence>{e, a}));
  EXPECT_EQ(run.passes[3].batch, (std::vector<Sequence>{b, c}));
  // Each part is told what the whole step predicts, of which at most block_size = 3 a document.
  EXPECT_EQ(run.passes[0].num_tokens, 2u + 3 + 3 + 2);
  EXPECT_EQ(run.passes[1].num_tokens, 2u + 3 + 3 + 2);
  EXPECT_EQ(run.passes[2].num_tokens, 3u + 2 + 3 + 3);
  EXPECT_EQ(run.reports[1].tokens, 3 + 2 + 3 + 3);
  EXPECT_EQ(run.reports[1].loss, 1.0);  // the sum of its parts
  EXPECT_EQ(run.updates, (std::vector<std::size_t>{2, 4}));
}

// Far from the start the product of step and batch does not fit 64 bits. Document i of 2,500 is
// the letters i / 50 and i % 50.
TEST(Trainer, DocumentsOfALateStep) {
  std::string text;
  for (int i = 0; i < 2500; ++i) text += {char('A' + i / 50), char('A' + i % 50), '\n'};
  const std::int64_t last = std::int64_t{1} << 53;  // (2^53 - 1) * 2499 = 1509 modulo 2500
  const Recorded run(Dataset(text, "test"), batches(last, 2499, 1), 3, last - 1);
  ASSERT_EQ(run.passes.size(), 1u);
  EXPECT_EQ(run.passes[0].batch[0], (Sequence{50, 30, 9, 50}));
  EXPECT_EQ(run.passes[0].batch[2498], (Sequence{50, 30, 7, 50}));
}

// One batch of three or three of one: the same step but for rounding.
TEST(Trainer, AccumulationIsTheBatch) {
  TrainConfig whole = batches(20, 3, 1), parts = batches(20, 1, 3);
  SmallRun one(whole), three(parts);
  one.train_from(0, 99);
  three.train_from(0, 99);
  for (std::size_t i = 0; i < one.reports.size(); ++i) {
    EXPECT_NEAR(one.reports[i].loss, three.reports[i].loss, 1e-12) << i;
    EXPECT_EQ(one.reports[i].tokens, three.reports[i].tokens);
  }
  EXPECT_NE(one.reports[0].loss,
            SmallRun(steps(1)).engine->loss_and_grad(std::vector<Sequence>{{3, 0, 1, 3}}));
}

TEST(Trainer, BatchLargerThanTheData) {
  const Dataset dataset("a\nb\n", "test");
  EXPECT_EQ(message_of([&] { Recorded(dataset, batches(1, 2, 1)); }), "no error");
  EXPECT_EQ(message_of([&] { Recorded(dataset, batches(1, 3, 2)); }),
            "batch_size: a batch larger than the data, expected batch_size * grad_accum of at most "
            "the 2 documents there are, got 3 * 2 = 6");
}

// Of "abcdefghij": BOS = 10, so that a window is consecutive numbers, but for the first.
TEST(Trainer, WindowsOfAText) {
  const Dataset dataset("abcdefghij", "test", Encoding::kUtf8, Sequences::kWindows);
  TrainConfig config = batches(500, 3, 2);
  const Recorded run(dataset, config);
  ASSERT_EQ(run.passes.size(), 1000u);
  std::vector<int> starts(8);  // BOS and ten letters have eight windows of 3 + 1
  for (std::size_t i = 0; i < run.passes.size(); ++i) {
    EXPECT_EQ(run.passes[i].num_tokens, 18u);
    for (std::size_t k = 0; k < 3; ++k) {
      const Sequence& window = run.passes[i].batch[k];
      const CounterRandom random(config.seed, i / 2);
      const int start = static_cast<int>(random.random(i % 2 * 3 + k) * 8);
      ++starts[static_cast<std::size_t>(start)];
      EXPECT_EQ(window, (Sequence{start == 0 ? 10 : start - 1, start, start + 1, start + 2}));
    }
  }
  for (const int count : starts) EXPECT_NEAR(count, 3000 / 8, 5 * std::sqrt(3000 / 8));
  // What a step learns from does not depend on where the run began.
  const Recorded late(dataset, config, 3, 499);
  EXPECT_EQ(late.passes[1].batch, run.passes[999].batch);
  config.seed = 43;
  EXPECT_NE(Recorded(dataset, config).passes[0].batch, run.passes[0].batch);
}

TEST(Trainer, WindowOfTheWholeTextAndOneTooShort) {
  const Dataset dataset("abc", "test", Encoding::kUtf8, Sequences::kWindows);
  EXPECT_EQ(Recorded(dataset, steps(1)).passes[0].batch, (std::vector<Sequence>{{3, 0, 1, 2}}));
  EXPECT_EQ(message_of([&] { Recorded(dataset, steps(1), 4); }),
            "windows: text too short for block_size 4, expected 4 tokens or more, got 3");
}

TEST(Trainer, NothingLeftToDo) {
  SmallRun run(steps(4));
  EXPECT_EQ(run.train_from(4, 99), 4);
  EXPECT_EQ(run.train_from(9, 99), 9);
  EXPECT_TRUE(run.reports.empty());
}

TEST(Trainer, DivergenceIsAnErrorThatNamesTheStep) {
  TrainConfig config = steps(50);
  config.learning_rate = 1e200;
  config.optimizer = Optimizer::kSgd;
  SmallRun run(config);
  std::string message = "no error";
  try {
    run.train_from(0, 99);
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_EQ(message, "step " + std::to_string(run.reports.size() + 1) +
                         ": training has diverged, expected a finite loss, got nan; "
                         "lower the learning rate");
}

}  // namespace
}  // namespace microgpt
