// Many documents at once, written by lanes of a toy model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "microgpt/error.h"
#include "microgpt/sampler.h"
#include "support/message_of.h"
#include "support/sanitized.h"

namespace microgpt {
namespace {

// A model without parameters: the letter after position t is the one that comes in the alphabet
// after that at t, the one after that, or the end, each with probability 1/3.
struct Toy {
  static constexpr int kLetters = 5, kVocab = kLetters + 1, kBos = kLetters, kBlock = 7;

  static Config config() {
    Config config;
    config.block_size = kBlock;
    config.vocab_size = kVocab;
    return config;
  }

  static std::vector<double> probs(int token) {
    std::vector<double> p(kVocab, 0.0);
    for (const int next : {(token + 1) % kLetters, (token + 2) % kLetters, kBos}) {
      p[static_cast<std::size_t>(next)] = 1;
    }
    return p;
  }
};

class ToyDecoder final : public Decoder {
 public:
  void forward(std::span<const int> tokens, std::span<double> logits) override {
    const auto probs = Toy::probs(tokens.back());
    std::ranges::transform(probs, logits.begin(), [](double p) { return p > 0 ? 0.0 : -1e9; });
  }
  void rewind(std::size_t) override {}
};

// Refuses to be used against the rules of Lanes.
class ToyLanes final : public Lanes {
 public:
  explicit ToyLanes(std::size_t count) : positions_(count, Toy::kBlock) {}

  void restart(std::size_t lane) override { positions_.at(lane) = 0; }

  void draw(std::span<const int> tokens, std::span<const double> u, std::span<int> next) override {
    EXPECT_EQ(tokens.size(), positions_.size());
    EXPECT_EQ(u.size(), positions_.size());
    for (std::size_t lane = 0; lane < positions_.size(); ++lane) {
      if (positions_[lane]++ >= Toy::kBlock) throw Error("lane is full");
      EXPECT_EQ(tokens[lane] == Toy::kBos, positions_[lane] == 1);
      next[lane] = static_cast<int>(choose(Toy::probs(tokens[lane]), u[lane]));
    }
    ++draws;
  }

  static inline int draws = 0;

 private:
  std::vector<int> positions_;
};

class ToyEngine final : public Engine {
 public:
  explicit ToyEngine(bool has_lanes) : has_lanes_(has_lanes) {}
  void load(const StateDict&) override {}
  StateDict state_dict() const override { return {}; }
  double loss_and_grad(Batch, std::size_t) override { return 0; }
  std::vector<double> grads() const override { return {}; }
  void optimizer_step(const OptimizerStep&) override {}
  std::unique_ptr<Decoder> new_decoder() const override { return std::make_unique<ToyDecoder>(); }
  std::unique_ptr<Lanes> new_lanes(std::size_t count, double) const override {
    return has_lanes_ ? std::make_unique<ToyLanes>(count) : nullptr;
  }

 private:
  bool has_lanes_;
};

const Tokenizer kToyTokenizer({"a", "b", "\u00e7", "d", "\U0001f600"}, Toy::kBos);

std::vector<std::string> many(bool lanes, std::int64_t count, SampleConfig how = {},
                              const std::string& prefix = "", std::uint64_t seed = 42) {
  std::vector<std::string> texts;
  generate_many(ToyEngine(lanes), Toy::config(), kToyTokenizer, how, prefix, seed, count,
                [&](std::string_view text) {
                  texts.emplace_back(text);
                  return true;
                });
  return texts;
}

TEST(GenerateMany, LanesWriteWhatOneDecoderWrites) {
  for (const std::int64_t count : {0, 1, 2, 63, 64, 65, 1000}) {
    const auto texts = many(true, count);
    EXPECT_EQ(std::ssize(texts), count);
    EXPECT_EQ(texts, many(false, count)) << count;
  }
  EXPECT_NE(many(true, 100), many(true, 100, {}, "", 43));
}

TEST(GenerateMany, ADocumentDependsOnItsNumberAlone) {
  const auto all = many(true, 500);
  for (const std::int64_t count : {1, 17, 64, 499}) {
    EXPECT_EQ(many(true, count), std::vector(all.begin(), all.begin() + count)) << count;
  }
  const ToyEngine engine(true);
  const auto decoder = engine.new_decoder();
  EXPECT_EQ(generate(*decoder, Toy::config(), kToyTokenizer, {}, "", CounterRandom(42, 321)).text,
            all[321]);
}

TEST(GenerateMany, StartsWithThePrefix) {
  for (const std::string prefix : {"a", "da", "aaaa\u00e7d"}) {
    const auto texts = many(true, 200, {}, prefix);
    EXPECT_EQ(texts, many(false, 200, {}, prefix));
    for (const std::string& text : texts) EXPECT_TRUE(text.starts_with(prefix)) << text;
  }
  EXPECT_EQ(message_of([] { many(true, 1, {}, "abababa"); }),
            "prefix: too long, expected at most 6 letters so that one is left to generate, got 7");
}

// After BOS (number 5) come letters 6 % 5 and 7 % 5 or the end. Within 5 standard errors.
TEST(GenerateMany, FrequenciesMatchProbabilities) {
  constexpr int kRuns = 30'000;
  std::map<std::string, int> count;
  for (const std::string& text : many(true, kRuns)) ++count[text];
  const auto expect_near = [&](const std::string& text, double p) {
    EXPECT_NEAR(count[text], kRuns * p, 5 * std::sqrt(kRuns * p * (1 - p))) << text;
  };
  expect_near("", 1. / 3);
  expect_near("b", 1. / 9);
  expect_near("b\u00e7", 1. / 27);
}

TEST(GenerateMany, KeepsAllLanesBusy) {
  ToyLanes::draws = 0;
  std::size_t tokens = 0;
  for (const std::string& text : many(true, 10'000)) tokens += text.size() + 1;
  EXPECT_LT(ToyLanes::draws, static_cast<int>(tokens / 64) + 2 * Toy::kBlock);
}

// Lanes begin again where a document is lost, and leave those without luck to the decoder: one of
// them may be longer at work than a ring of documents would last.
TEST(GenerateMany, LanesKeepToAConstraintAsADecoderDoes) {
  for (const int tries : {1, 2, 40, 1000}) {
    for (const Shape& shape : {Shape{"", "d", 0, 9, ""}, Shape{"b", "d", 3, 6, ""},
                               Shape{"", "db\u00e7", 0, 7, ""}, Shape{"", "", 0, 9, "abd"}}) {
      const Constraint constraint = make_constraint(shape, kToyTokenizer, Toy::kBlock);
      SampleConfig how;
      how.constraint = &constraint;
      how.tries = tries;
      for (const std::int64_t count : {1, 3, kSanitized ? 20 : 150}) {
        const auto texts = many(true, count, how);
        EXPECT_EQ(texts, many(false, count, how)) << tries;
        for (const std::string& text : texts) {
          EXPECT_TRUE(constraint.may_end(constraint.read(kToyTokenizer.encode(text)))) << text;
        }
      }
    }
  }
}

TEST(GenerateMany, StopsWhenTold) {
  int taken = 0;
  generate_many(ToyEngine(true), Toy::config(), kToyTokenizer, {}, "", 1, 1'000'000'000,
                [&](std::string_view) { return ++taken < 10; });
  EXPECT_EQ(taken, 10);
}

// What lanes can't do takes the decoder, with the same streams.
TEST(GenerateMany, OtherWaysToDraw) {
  for (const SampleConfig how : {SampleConfig{0, 0, 1}, {0.5, 2, 1}, {0.5, 0, 0.4}}) {
    EXPECT_EQ(many(true, 50, how), many(false, 50, how));
  }
  EXPECT_NE(message_of([] { many(true, 1, {-1, 0, 1}); }), "no error");
}

TEST(GenerateMany, OwnStreamsAreThoseOfEnginesWithLanes) {
  EXPECT_TRUE(has_own_streams(ToyEngine(true)));
  EXPECT_FALSE(has_own_streams(ToyEngine(false)));
  EXPECT_FALSE(has_own_streams(*make_engine("reference", Toy::config())));
}

}  // namespace
}  // namespace microgpt
