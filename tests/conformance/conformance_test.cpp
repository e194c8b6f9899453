// Every engine against the definition: same losses, gradients, updates and logits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <tuple>

#include "cpu/large_engine.h"
#include "microgpt/engine.h"
#include "support/isas.h"
#include "support/message_of.h"
#include "support/sanitized.h"

namespace microgpt {
namespace {

using Documents = std::vector<std::vector<int>>;

// Of the largest gradient of a tensor. Wrong gradients that still train (docs/numerics.md) are off
// by a thousandth; float32 by some ten-millionths.
constexpr double kTolerance = 1e-5;

Config config_of(int n_layer, int n_embd, int n_head, int block_size, int vocab_size,
                 Activation activation = Activation::kRelu) {
  return {n_layer, n_embd, block_size, n_head, vocab_size, activation};
}

// Large enough that attention and the MLP matter, and no number needs more than float32.
StateDict random_state(const Config& config) {
  TrainConfig train;
  train.init_std = 0.8 / std::sqrt(config.n_embd);
  PythonRandom random(7);
  StateDict state = init_state_dict(config, train, random);
  for (Tensor& tensor : state.params) {
    for (double& x : tensor.data) x = static_cast<float>(x);
  }
  return state;
}

// Documents that predict so many tokens each.
Documents random_documents(const Config& config, const std::vector<std::size_t>& lengths) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> token(0, config.vocab_size - 1);
  Documents documents;
  for (const std::size_t length : lengths) {
    std::vector<int>& document = documents.emplace_back(length + 1);
    for (int& t : document) t = token(random);
  }
  return documents;
}

struct Result {
  double loss = 0;
  std::vector<double> grads;
};

Result compute(Engine& engine, const StateDict& state, const Documents& documents) {
  engine.load(state);
  const double loss = engine.loss_and_grad(documents);
  return {loss, engine.grads()};
}

// |a - b| of the worst element of each tensor, relative to the largest |b| in it.
double worst_error(const Config& config, const std::vector<double>& a,
                   const std::vector<double>& b) {
  double worst = 0;
  std::size_t i = 0;
  for (const Tensor& tensor : parameter_table(config)) {
    double error = 0, largest = 0;
    for (const std::size_t end = i + tensor.rows * tensor.cols; i < end; ++i) {
      if (!std::isfinite(a[i])) return INFINITY;
      error = std::max(error, std::abs(a[i] - b[i]));
      largest = std::max(largest, std::abs(b[i]));
    }
    if (error > 0) worst = std::max(worst, largest > 0 ? error / largest : INFINITY);
  }
  return worst;
}

// ---- An engine with one instruction set ----

using Variant = std::tuple<std::string, Isa>;

// `cpu` for models of any size, where `cpu` itself would take the way for tiny ones.
constexpr char kCpuLarge[] = "cpu_large";

class Conformance : public testing::TestWithParam<Variant> {
 protected:
  Conformance() { setenv("MICROGPT_ISA", std::string(to_string(isa())).c_str(), 1); }
  ~Conformance() override { unsetenv("MICROGPT_ISA"); }

  std::string name() const { return std::get<0>(GetParam()); }
  Isa isa() const { return std::get<1>(GetParam()); }

  std::unique_ptr<Engine> make(const Config& config, int threads = 1) const {
    if (name() == kCpuLarge) return cpu::make_large_engine(config, {.threads = threads});
    return make_engine(name(), config, {.threads = threads});
  }

  void expect_same_gradients(const Config& config, const std::vector<std::size_t>& lengths) const;
};

// The definition takes its time, so it computes each case once for all engines.
const Result& reference_result(const Config& config, const StateDict& state,
                               const Documents& documents) {
  using Key = std::tuple<int, int, int, int, int, Activation, Documents>;
  static std::map<Key, Result> results;
  const auto [place, is_new] =
      results.try_emplace(Key(config.n_layer, config.n_embd, config.n_head, config.block_size,
                              config.vocab_size, config.activation, documents));
  if (is_new) place->second = compute(*make_engine("reference", config), state, documents);
  return place->second;
}

void Conformance::expect_same_gradients(const Config& config,
                                        const std::vector<std::size_t>& lengths) const {
  const StateDict state = random_state(config);
  const Documents documents = random_documents(config, lengths);
  const Result& expected = reference_result(config, state, documents);
  const Result result = compute(*make(config), state, documents);
  EXPECT_NEAR(result.loss, expected.loss, kTolerance * expected.loss);
  EXPECT_LT(worst_error(config, result.grads, expected.grads), kTolerance)
      << "n_layer " << config.n_layer << " n_embd " << config.n_embd << " n_head " << config.n_head
      << " vocab_size " << config.vocab_size << " tokens " << lengths[0];
}

// ---- Losses and gradients ----

TEST_P(Conformance, EveryLengthAndDepth) {
  for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
    for (int n_layer = 1; n_layer <= 4; ++n_layer) {
      const Config config = config_of(n_layer, 12, 4, 9, 5, activation);
      for (std::size_t length = 1; length <= 9; ++length) expect_same_gradients(config, {length});
    }
  }
}

TEST_P(Conformance, EveryLengthOfTheDefaultModel) {
  for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
    for (std::size_t length = 1; length <= 16; ++length) {
      expect_same_gradients(config_of(1, 16, 4, 16, 27, activation), {length});
    }
  }
}

TEST_P(Conformance, DocumentsOfDifferentLengths) {
  for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
    expect_same_gradients(config_of(2, 16, 4, 16, 27, activation), {3, 16, 1, 7, 40, 12});
  }
}

TEST_P(Conformance, OddSizes) {
  expect_same_gradients(config_of(1, 5, 1, 7, 3), {7, 2});
  expect_same_gradients(config_of(2, 34, 2, 6, 17), {6, 5, 1});
  expect_same_gradients(config_of(1, 21, 7, 8, 33), {8});
  expect_same_gradients(config_of(2, 48, 3, 13, 65), {13, 2});
}

TEST_P(Conformance, LargerSizes) {
  expect_same_gradients(config_of(2, 64, 2, 14, 31), {14, 9});
  expect_same_gradients(config_of(1, 80, 1, 8, 40, Activation::kReluSquared), {8, 3});
  expect_same_gradients(config_of(1, 128, 4, 6, 10), {6, 4});
}

// More positions than any block inside an engine, and more rows.
TEST_P(Conformance, LongSequences) {
  expect_same_gradients(config_of(1, 8, 2, 130, 6), {130, 97, 130, 48, 33});
}

// ---- Steps ----

TEST_P(Conformance, PartsOfABatchAddUp) {
  const Config config = config_of(2, 16, 4, 16, 27);
  const auto engine = make(config);
  const Documents documents = random_documents(config, {3, 16, 1, 7, 40, 12});
  const Result whole = compute(*engine, random_state(config), documents);
  const std::size_t num_tokens = 3 + 16 + 1 + 7 + 16 + 12;
  engine->load(random_state(config));
  const Batch batch = documents;
  double loss = engine->loss_and_grad(batch.first(2), num_tokens);
  loss += engine->loss_and_grad(batch.subspan(2, 1), num_tokens);
  loss += engine->loss_and_grad(batch.subspan(3), num_tokens);
  EXPECT_NEAR(loss, whole.loss, 1e-6);
  EXPECT_LT(worst_error(config, engine->grads(), whole.grads), kTolerance);
}

// 20 million logits, which an engine need not hold at once.
TEST_P(Conformance, LargeVocabulary) {
  if (name() == "exact") GTEST_SKIP() << "too slow";
  const Config config = config_of(1, 4, 1, 50, kSanitized ? 5003 : 50257);
  const auto engine = make(config);
  const Documents documents = random_documents(config, std::vector<std::size_t>(8, 50));
  const Result ours = compute(*engine, random_state(config), documents);
  // The definition's bits, without a graph that would take hours.
  const Result theirs = compute(*make_engine("exact", config), random_state(config), documents);
  EXPECT_NEAR(ours.loss, theirs.loss, kTolerance * theirs.loss);
  EXPECT_LT(worst_error(config, ours.grads, theirs.grads), kTolerance);
}

// Its constants are such that an update hangs on the gradient, not on the last bits of a small one.
OptimizerStep step_number(std::int64_t step, Optimizer optimizer) {
  return {.optimizer = optimizer,
          .step = step,
          .learning_rate = 0.02,
          .beta1 = 0.85,
          .beta2 = 0.99,
          .eps_adam = 1e-2};
}

TEST_P(Conformance, SeveralSteps) {
  const Config config = config_of(2, 12, 2, 8, 11);
  for (const Optimizer optimizer : {Optimizer::kAdam, Optimizer::kSgd}) {
    const auto engine = make(config), reference = make_engine("reference", config);
    for (Engine* e : {engine.get(), reference.get()}) {
      e->load(random_state(config));
      EXPECT_TRUE(e->state_dict().adam_m.empty());
    }
    for (std::int64_t step = 0; step < 6; ++step) {
      const auto length = static_cast<std::size_t>(step) + 2;
      const Documents documents = random_documents(config, {length, 3});
      const double loss = engine->train_step(documents, step_number(step, optimizer));
      EXPECT_NEAR(loss, reference->train_step(documents, step_number(step, optimizer)), 1e-5);
    }
    const StateDict state = engine->state_dict(), expected = reference->state_dict();
    EXPECT_LT(worst_error(config, flatten(state), flatten(expected)), kTolerance);
    ASSERT_EQ(state.adam_m.size(), expected.adam_m.size());
    if (optimizer == Optimizer::kAdam) {
      EXPECT_LT(worst_error(config, state.adam_m, expected.adam_m), 2 * kTolerance);
      EXPECT_LT(worst_error(config, state.adam_v, expected.adam_v), 2 * kTolerance);
    }
    EXPECT_EQ(engine->grads(), std::vector<double>(config.num_params(), 0.0));
  }
}

// With the usual eps_adam, and from the engine's own gradients and a state with moments.
TEST_P(Conformance, AdamFollowsFromGradients) {
  const Config config = config_of(1, 12, 2, 8, 11);
  const auto engine = make(config);
  StateDict state = random_state(config);
  state.adam_m.assign(config.num_params(), 0.0078125);
  state.adam_v.assign(config.num_params(), 0.0009765625);
  engine->load(state);
  engine->loss_and_grad(random_documents(config, {8, 4}));
  const std::vector<double> grads = engine->grads(), before = flatten(state);
  OptimizerStep step = step_number(4, Optimizer::kAdam);
  step.eps_adam = 1e-8;
  engine->optimizer_step(step);
  const std::vector<double> after = flatten(engine->state_dict());
  for (std::size_t i = 0; i < grads.size(); ++i) {
    const double m = 0.85 * 0.0078125 + 0.15 * grads[i];
    const double v = 0.99 * 0.0009765625 + 0.01 * grads[i] * grads[i];
    const double m_hat = m / (1 - std::pow(0.85, 5)), v_hat = v / (1 - std::pow(0.99, 5));
    EXPECT_NEAR(after[i], before[i] - 0.02 * m_hat / (std::sqrt(v_hat) + 1e-8), 1e-6);
  }
}

TEST_P(Conformance, LoadAndStateDictAreInverse) {
  const Config config = config_of(2, 12, 4, 9, 5);
  const auto engine = make(config);
  StateDict state = random_state(config);
  engine->load(state);
  EXPECT_EQ(engine->state_dict(), state);
  engine->loss_and_grad(random_documents(config, {5}));
  state.adam_m.assign(config.num_params(), 0.125);
  state.adam_v.assign(config.num_params(), 0.5);
  engine->load(state);
  EXPECT_EQ(engine->state_dict(), state);
  EXPECT_EQ(engine->grads(), std::vector<double>(config.num_params(), 0.0));
}

// ---- The same bits ----

// Everything that a short run leaves behind.
std::vector<double> run(Engine& engine, const Config& config) {
  engine.load(random_state(config));
  std::vector<double> numbers;
  for (std::int64_t step = 0; step < 3; ++step) {
    const Documents documents = random_documents(config, {60, 64, 3, 64, 31, 64, 64, 50, 64, 12});
    numbers.push_back(engine.train_step(documents, step_number(step, Optimizer::kAdam)));
  }
  const std::vector<double> params = flatten(engine.state_dict());
  numbers.insert(numbers.end(), params.begin(), params.end());
  std::vector<double> logits(static_cast<std::size_t>(config.vocab_size));
  const std::vector<int> prompt = random_documents(config, {40})[0];
  const auto decoder = engine.new_decoder();
  for (const std::size_t n : {std::size_t{40}, std::size_t{1}}) {
    decoder->forward({prompt.data(), n}, logits);
    numbers.insert(numbers.end(), logits.begin(), logits.end());
  }
  return numbers;
}

TEST_P(Conformance, SameBitsOnAnyThreadsAndAgain) {
  if (name() == "exact") GTEST_SKIP() << "uses one thread";
  const Config config = config_of(2, 72, 3, 64, 67);
  const auto engine = make(config);
  const std::vector<double> numbers = run(*engine, config);
  EXPECT_EQ(run(*engine, config), numbers);
  for (const int threads : {2, 3, 7}) {
    EXPECT_EQ(run(*make(config, threads), config), numbers) << threads;
  }
}

// What a larger batch leaves in an engine's memory does not show.
TEST_P(Conformance, BatchesLeaveNothingBehind) {
  const Config config = config_of(1, 12, 2, 9, 5);
  const StateDict state = random_state(config);
  const Documents large = random_documents(config, {9, 9, 4}),
                  small = random_documents(config, {2});
  const auto engine = make(config);
  compute(*engine, state, large);
  EXPECT_EQ(compute(*engine, state, small).grads, compute(*make(config), state, small).grads);
  EXPECT_EQ(compute(*engine, state, large).grads, compute(*make(config), state, large).grads);
}

// ---- Decoders ----

void expect_close(const std::vector<double>& logits, const std::vector<double>& expected) {
  double largest = 0;
  for (const double x : expected) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(logits[i], expected[i], kTolerance * largest);
  }
}

// Feeds the tokens in pieces, and compares the logits after each.
void expect_same_logits(Decoder& decoder, Decoder& reference, const Config& config,
                        const std::vector<std::size_t>& pieces) {
  std::size_t length = 0;
  for (const std::size_t piece : pieces) length += piece;
  const std::vector<int> tokens = random_documents(config, {length})[0];
  std::vector<double> logits(static_cast<std::size_t>(config.vocab_size)), expected = logits;
  const int* next = tokens.data();
  for (const std::size_t piece : pieces) {
    decoder.forward({next, piece}, logits);
    reference.forward({next, piece}, expected);
    expect_close(logits, expected);
    next += piece;
  }
}

TEST_P(Conformance, DecoderHasTheSameLogits) {
  const std::vector<std::size_t> ones(40, 1);
  for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
    for (const Config& config :
         {config_of(2, 12, 4, 250, 5, activation), config_of(1, 48, 2, 250, 40, activation)}) {
      const StateDict state = random_state(config);
      const auto engine = make(config), reference = make_engine("reference", config);
      engine->load(state);
      reference->load(state);
      const auto decoder = engine->new_decoder(), expected = reference->new_decoder();
      for (const auto& pieces : std::vector<std::vector<std::size_t>>{
               ones, {40}, {7, 1, 1, 25, 2}, {33, 1}, {1, 32, 1}, {220, 1, 29}}) {
        decoder->rewind(0);
        expected->rewind(0);
        expect_same_logits(*decoder, *expected, config, pieces);
      }
    }
  }
}

// What was fed before the position that a decoder is rewound to stays, what came after it is gone.
TEST_P(Conformance, DecoderGoesBackToAnyPosition) {
  const Config config = config_of(2, 12, 4, 40, 5);
  const auto engine = make(config);
  engine->load(random_state(config));
  const auto decoder = engine->new_decoder();
  std::vector<int> tokens = random_documents(config, {39})[0];
  tokens.resize(40);
  std::vector<double> logits(5), alone(5);
  decoder->forward(tokens, logits);
  for (const std::size_t position : {39u, 38u, 33u, 32u, 17u, 16u, 8u, 1u, 0u}) {
    decoder->rewind(position);
    tokens.resize(position);
    for (const int token : {1, 3}) {
      decoder->rewind(position);
      tokens.push_back(token);
      decoder->forward({&tokens.back(), 1}, logits);
      engine->new_decoder()->forward(tokens, alone);
      expect_close(logits, alone);
      tokens.pop_back();
    }
  }
  EXPECT_EQ(message_of([&] { decoder->rewind(2); }),
            "decoder: can't rewind, expected a position of 0 to 1, got 2");
}

TEST_P(Conformance, DecodersDoNotShareTheirSequences) {
  const Config config = config_of(2, 12, 4, 9, 5);
  const auto engine = make(config);
  engine->load(random_state(config));
  const auto a = engine->new_decoder(), b = engine->new_decoder();
  std::vector<double> logits(5), alone(5);
  const std::vector<int> tokens = {4, 0, 1, 2, 3};
  a->forward({tokens.data(), 3}, logits);
  b->forward({tokens.data(), 1}, logits);
  a->forward({tokens.data() + 3, 2}, logits);
  engine->new_decoder()->forward(tokens, alone);
  expect_close(logits, alone);
}

// ---- Errors ----

TEST_P(Conformance, Errors) {
  const Config config = config_of(1, 12, 2, 4, 5);
  const auto engine = make(config);
  engine->load(random_state(config));
  const auto loss_of = [&](const Documents& documents) {
    return message_of([&] { engine->loss_and_grad(documents); });
  };
  EXPECT_EQ(loss_of({}), "batch: no documents, expected at least one");
  EXPECT_EQ(loss_of({{4, 1}, {4}}), "batch: document too short, expected 2 tokens or more, got 1");
  EXPECT_EQ(loss_of({{4, 1}, {4, 5, 4}}), "token: out of range, expected 0 to 4, got 5");
  EXPECT_EQ(loss_of({{4, -1, 4}}), "token: out of range, expected 0 to 4, got -1");
  EXPECT_EQ(engine->grads(), std::vector<double>(config.num_params(), 0.0));

  const std::vector<int> five = {4, 0, 0, 0, 0}, seven = {7};
  std::vector<double> logits(5), wrong(4);
  const auto decoder = engine->new_decoder();
  const auto forward = [&](std::span<const int> tokens, std::vector<double>& out) {
    return message_of([&] { decoder->forward(tokens, out); });
  };
  EXPECT_EQ(forward({}, logits), "decoder: no tokens, expected at least one");
  EXPECT_EQ(forward(five, logits),
            "decoder: sequence too long, expected at most 4 positions, got 5");
  EXPECT_EQ(forward(seven, logits), "token: out of range, expected 0 to 4, got 7");
  EXPECT_EQ(forward({five.data(), 1}, wrong),
            "decoder: logits have the wrong size, expected 5, got 4");
  EXPECT_EQ(forward({five.data(), 4}, logits), "no error");
}

std::vector<Variant> variants() {
  std::vector<Variant> result;
  std::vector<std::string> names(engine_names().begin(), engine_names().end());
  names.push_back(kCpuLarge);
  for (const std::string& name : names) {
    if (name == "reference") continue;
    for (const Isa isa : test::supported_isas()) result.emplace_back(name, isa);
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(Engines, Conformance, testing::ValuesIn(variants()),
                         [](const testing::TestParamInfo<Variant>& variant) {
                           return std::get<0>(variant.param) + "_" +
                                  std::string(to_string(std::get<1>(variant.param)));
                         });

}  // namespace
}  // namespace microgpt
