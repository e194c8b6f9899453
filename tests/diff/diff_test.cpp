// Where two trainings first differ.
#include "microgpt/diff.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "microgpt/random.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

// A training of a tiny model, to be changed before it is replayed.
struct Recipe {
  Config config = {.n_embd = 4, .block_size = 6, .n_head = 2};
  TrainConfig train = {.num_steps = 12};
  std::string engine = "exact";
  std::string data = "anna\nbob\ncarla\ndan\neve\n";
  Sequences sequences = Sequences::kDocuments;
};

// A recipe's training at its start.
struct Started {
  explicit Started(const Recipe& wanted)
      : recipe(wanted), dataset(wanted.data, "data", Encoding::kUtf8, wanted.sequences) {
    PythonRandom random(recipe.train.seed);
    dataset.shuffle(random);
    tokenizer = Tokenizer::from_dataset(dataset, recipe.train.edition);
    recipe.config.vocab_size = tokenizer.vocab_size();
    engine = make_engine(recipe.engine, recipe.config);
    engine->load(init_state_dict(recipe.config, recipe.train, random));
  }

  Replay replay() const {
    return {recipe.engine, *engine, recipe.config, recipe.train, dataset, tokenizer};
  }

  Recipe recipe;
  Dataset dataset;
  Tokenizer tokenizer{{}, 0};
  std::unique_ptr<Engine> engine;
};

RunDiff diff_of(const Recipe& a, const Recipe& b, std::int64_t steps = 12) {
  const Started in_a(a), in_b(b);
  return diff_runs(in_a.replay(), in_b.replay(), steps);
}

// What a change of the recipe shows first.
template <class Change>
NumberDifference first_of(Change change, Recipe recipe = {}) {
  Recipe changed = recipe;
  change(changed);
  const RunDiff diff = diff_of(recipe, changed);
  EXPECT_TRUE(diff.first.has_value());
  return diff.first.value_or(NumberDifference{});
}

void expect_first(const NumberDifference& got, std::int64_t step, Stage stage,
                  const std::string& path) {
  EXPECT_EQ(got.step, step);
  EXPECT_EQ(to_string(got.stage), to_string(stage));
  EXPECT_EQ(got.path, path);
}

TEST(Diff, UlpsCountTheDoublesBetween) {
  EXPECT_EQ(ulps_apart(1, 1), 0u);
  EXPECT_EQ(ulps_apart(1, std::nextafter(1, 2)), 1u);
  EXPECT_EQ(ulps_apart(0.0, -0.0), 0u);
  const double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(ulps_apart(-tiny, tiny), 2u);
}

TEST(Diff, EnginesWithPythonsBitsAreTheSame) {
  Recipe exact, reference;
  reference.engine = "reference";
  for (const int grad_accum : {1, 2}) {
    exact.train.grad_accum = reference.train.grad_accum = grad_accum;
    const RunDiff diff = diff_of(exact, reference);
    EXPECT_FALSE(diff.first.has_value());
    EXPECT_FALSE(diff.first_loss.has_value());
    EXPECT_EQ(diff.steps, 12);
  }
}

TEST(Diff, EachSettingShowsWhereItIsFirstUsed) {
  expect_first(first_of([](Recipe& r) { r.train.init_std = 0.09; }), 1, Stage::kParameters,
               "wte[0][0]");
  expect_first(first_of([](Recipe& r) { r.config.n_layer = 2; }), 1, Stage::kParameters,
               "layer1.attn_wq[0][0]");
  expect_first(first_of([](Recipe& r) { r.config.n_embd = 8; }), 1, Stage::kParameters, "wte.cols");
  expect_first(first_of([](Recipe& r) { r.config.block_size = 7; }), 1, Stage::kParameters,
               "wpe.rows");
  expect_first(first_of([](Recipe& r) { r.train.edition = Edition::kFirst; }), 1, Stage::kTokens,
               "tokens[0]");
  expect_first(first_of([](Recipe& r) { r.config.n_head = 1; }), 1, Stage::kForward,
               "pos0.layer0.head0.dots[0]");
  expect_first(first_of([](Recipe& r) { r.train.batch_size = 2; }), 1, Stage::kTokens,
               "sequence1.tokens[0]");
}

TEST(Diff, SeedAndDataShowInTokens) {
  const NumberDifference seed = first_of([](Recipe& r) { r.train.seed = 43; });
  EXPECT_EQ(seed.step, 1);
  EXPECT_EQ(seed.stage, Stage::kTokens);
  EXPECT_TRUE(seed.is_count);
  const Started started{Recipe()};
  Recipe changed;
  const std::string fourth(started.dataset[3]);
  changed.data.replace(changed.data.find(fourth), fourth.size(), fourth.substr(1) + fourth[0]);
  const RunDiff diff = diff_of({}, changed);
  ASSERT_TRUE(diff.first.has_value());
  expect_first(*diff.first, 4, Stage::kTokens, "tokens[1]");
  ASSERT_TRUE(diff.first_loss.has_value());
  EXPECT_EQ(diff.first_loss->step, 4);
}

// The first number with a gradient is of the first letter of the first document.
TEST(Diff, AdamsSettingsShowInItsNumbers) {
  const Started started{Recipe()};
  int letter = started.tokenizer.bos();
  for (const int token : started.tokenizer.encode(started.dataset[0])) {
    letter = std::min(letter, token);
  }
  const auto expect = [&](std::string made, const NumberDifference& got) {
    expect_first(got, 1, Stage::kUpdate,
                 "adam.wte." + made + "[" + std::to_string(letter) + "][0]");
  };
  expect("m", first_of([](Recipe& r) { r.train.beta1 = 0.9; }));
  expect("v", first_of([](Recipe& r) { r.train.beta2 = 0.999; }));
  expect("update", first_of([](Recipe& r) { r.train.eps_adam = 1e-7; }));
  expect("update", first_of([](Recipe& r) { r.train.optimizer = Optimizer::kSgd; }));
  const NumberDifference rate = first_of([](Recipe& r) { r.train.learning_rate = 0.02; });
  expect("update", rate);
  EXPECT_NEAR(*rate.a, 0.01, 1e-4);
  EXPECT_NEAR(*rate.b, 0.02, 1e-4);
  EXPECT_EQ(rate.origin.python_line, 181);
  EXPECT_EQ(rate.origin.file, "src/reference/adam.h");
}

TEST(Diff, ScheduleShowsInTheSecondUpdate) {
  for (const NumberDifference& got :
       {first_of([](Recipe& r) { r.train.schedule = Schedule::kConstant; }),
        first_of([](Recipe& r) { r.train.num_steps = 13; })}) {
    EXPECT_EQ(got.step, 2);
    EXPECT_EQ(got.stage, Stage::kUpdate);
    EXPECT_TRUE(got.path.starts_with("adam.wte.update[")) << got.path;
  }
}

// A number of a later step is that of a trace which begins where the step does.
TEST(Diff, NumbersOfALaterStepAreItsOwn) {
  const NumberDifference got = first_of([](Recipe& r) { r.train.num_steps = 13; });
  const Started run{Recipe()};
  const auto document = [&](std::size_t i) {
    return run.tokenizer.encode_document(run.dataset[i]);
  };
  const std::vector<std::vector<int>> first = {document(0)};
  run.engine->train_step(first, optimizer_step_at(run.recipe.train, 0));
  const Trace second = trace(run.recipe.config, run.engine->state_dict(), document(1),
                             {.backward = true,
                              .step = optimizer_step_at(run.recipe.train, 1),
                              .round = std::nullopt,
                              .cache = std::nullopt});
  const Element element = find_element(second, got.path);
  EXPECT_EQ(*got.a, second.traced[element.traced].data[element.index]);
}

TEST(Diff, ActivationShowsInTheMlp) {
  const NumberDifference got =
      first_of([](Recipe& r) { r.config.activation = Activation::kReluSquared; });
  EXPECT_EQ(got.step, 1);
  EXPECT_TRUE(got.path.starts_with("pos0.layer0.mlp_act[")) << got.path;
  EXPECT_EQ(*got.b, *got.a * *got.a);
  EXPECT_EQ(got.origin.python_line, 139);
}

TEST(Diff, ForwardNumbersOfABatchSayWhoseTheyAre) {
  Recipe two;
  two.train.batch_size = 2;
  const NumberDifference got = first_of([](Recipe& r) { r.config.n_head = 1; }, two);
  expect_first(got, 1, Stage::kForward, "sequence0.pos0.layer0.head0.dots[0]");
}

// The parts of a batch are rounded on their own; the numbers of each sequence are the same.
TEST(Diff, PartsOfABatchShowInTheLossOrLater) {
  Recipe two;
  two.train.batch_size = 2;
  const NumberDifference got = first_of(
      [](Recipe& r) {
        r.train.batch_size = 1;
        r.train.grad_accum = 2;
      },
      two);
  EXPECT_GE(got.stage, Stage::kLoss);
}

TEST(Diff, FloatsAreFirstRoundedAsParameters) {
  Recipe cpu;
  cpu.engine = "cpu";
  const RunDiff diff = diff_of({}, cpu);
  ASSERT_TRUE(diff.first.has_value());
  expect_first(*diff.first, 1, Stage::kParameters, "wte[0][0]");
  EXPECT_EQ(static_cast<double>(static_cast<float>(*diff.first->a)), *diff.first->b);
  EXPECT_EQ(diff.rounding, kFloatRounding);
  EXPECT_TRUE(diff.first_loss.has_value());
  EXPECT_FALSE(diff.first_clear_loss.has_value());
  EXPECT_EQ(diff.steps, 12);

  const NumberDifference rate = first_of([](Recipe& r) { r.train.learning_rate = 0.02; }, cpu);
  EXPECT_EQ(rate.stage, Stage::kUpdate);
  EXPECT_TRUE(rate.path.starts_with("adam.wte.data[")) << rate.path;
}

TEST(Diff, WindowsAreReplayedToo) {
  Recipe windows;
  windows.data = "a running text of some words\nand a second line of it\n";
  windows.sequences = Sequences::kWindows;
  EXPECT_FALSE(diff_of(windows, windows).first.has_value());
  const NumberDifference got = first_of([](Recipe& r) { r.train.learning_rate = 0.02; }, windows);
  expect_first(got, 1, Stage::kUpdate, got.path);
}

TEST(Diff, EndsWhereALossIsNotFinite) {
  Recipe wild;
  wild.train.learning_rate = 1e200;
  const RunDiff diff = diff_of(wild, wild);
  EXPECT_FALSE(diff.first.has_value());
  EXPECT_LT(diff.steps, 12);
}

TEST(Diff, StatesDifferInOneNumberOrMoment) {
  const Started started{Recipe()};
  diff_runs(started.replay(), Started{Recipe()}.replay(), 3);
  const StateDict state = started.engine->state_dict();
  EXPECT_FALSE(first_difference(state, state).has_value());
  StateDict other = state;
  other.adam_v.back() += 1;
  auto found = first_difference(state, other);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, "adam.layer0.mlp_fc2.v[3][15]");
  double& weight = other.params[1].data[6];
  weight = std::nextafter(weight, 1);
  found = first_difference(state, other);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, "wpe[1][2]");
  EXPECT_EQ(ulps_apart(*found->a, *found->b), 1u);
}

}  // namespace
}  // namespace microgpt
