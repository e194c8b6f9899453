#include "microgpt/trainer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "microgpt/error.h"

namespace microgpt {
namespace {

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
