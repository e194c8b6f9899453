#include "cpu/small_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cpu/small_test.h"
#include "reference/reference_engine.h"
#include "support/message_of.h"
#include "support/sanitized.h"

namespace microgpt::cpu {
namespace {

std::unique_ptr<Engine> make_reference(const Config& config) {
  auto engine = reference::make_reference_engine(config);
  engine->load(random_state(config));
  return engine;
}

TEST(SmallSampler, LogitsAreThoseOfReference) {
  for (Config config : kShapes) {
    for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
      config.activation = activation;
      const auto reference = make_reference(config)->new_decoder();
      const auto tokens =
          random_document(config, static_cast<std::size_t>(config.block_size) - 1, 3);
      std::vector<std::vector<double>> expected;
      std::vector<double> logits(static_cast<std::size_t>(config.vocab_size));
      for (const int& token : tokens) {
        reference->forward({&token, 1}, logits);
        expected.push_back(logits);
      }
      for_each_isa([&] {
        const auto engine = make_loaded(config);
        const auto decoder = engine->new_decoder();
        for (const bool again : {false, true}) {
          SCOPED_TRACE(again);
          for (std::size_t t = 0; t < tokens.size(); ++t) {
            decoder->forward({&tokens[t], 1}, logits);
            for (std::size_t i = 0; i < logits.size(); ++i) {
              ASSERT_NEAR(logits[i], expected[t][i], 2e-5) << t;
            }
          }
          decoder->rewind(0);
        }
        decoder->forward(tokens, logits);  // all at once
        for (std::size_t i = 0; i < logits.size(); ++i) {
          ASSERT_NEAR(logits[i], expected.back()[i], 2e-5);
        }
      });
    }
  }
}

// A number in [0, 1) for every token that a lane ever writes.
double number(std::size_t lane, std::size_t call) {
  std::mt19937_64 random(lane * 1000003 + call);
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

// Writes `calls` tokens in each lane. Lanes begin anew when they are full or draw token 0, and lane
// i also after 3 + i calls, so that they are at different positions. Returns [lane][call].
std::vector<std::vector<int>> write(const Engine& engine, const Config& config, std::size_t count,
                                    std::size_t calls, double temperature) {
  const auto lanes = engine.new_lanes(count, temperature);
  std::vector<std::vector<int>> written(count);
  std::vector<int> tokens(count, 1 % config.vocab_size), next(count), length(count, 0);
  std::vector<double> u(count);
  for (std::size_t call = 0; call < calls; ++call) {
    for (std::size_t lane = 0; lane < count; ++lane) u[lane] = number(lane, call);
    lanes->draw(tokens, u, next);
    for (std::size_t lane = 0; lane < count; ++lane) {
      written[lane].push_back(next[lane]);
      tokens[lane] = next[lane];
      if (++length[lane] == config.block_size || next[lane] == 0 || call == 3 + lane) {
        lanes->restart(lane);
        length[lane] = 0;
      }
    }
  }
  return written;
}

TEST(SmallSampler, ALaneWritesTheSameWithAnyOthers) {
  constexpr std::size_t kCalls = kSanitized ? 40 : 120;
  for (Config config : kShapes) {
    for (const Activation activation : {Activation::kRelu, Activation::kReluSquared}) {
      if (kSanitized && activation == Activation::kRelu) continue;
      config.activation = activation;
      SCOPED_TRACE(testing::Message() << config.n_embd << " " << config.n_head);
      for_each_isa([&] {
        const auto engine = make_loaded(config);
        const auto all = write(*engine, config, 37, kCalls, 0.7);
        for (const std::size_t count : {1u, 2u, 3u, 5u, 16u, 20u}) {
          const auto some = write(*engine, config, count, kCalls, 0.7);
          for (std::size_t lane = 0; lane < count; ++lane) {
            ASSERT_EQ(some[lane], all[lane]) << "lane " << lane << " of " << count;
          }
        }
      });
    }
  }
}

// The token that the last lane of `count` draws after the document.
int draw_after(const Engine& engine, const std::vector<int>& document, std::size_t count,
               double u) {
  const auto lanes = engine.new_lanes(count, 0.7);
  std::vector<int> next(count);
  for (const int token : document) {
    lanes->draw(std::vector<int>(count, token), std::vector<double>(count, u), next);
  }
  return next.back();
}

// The largest float for which that token is at most `token`.
float border_after(const Engine& engine, const std::vector<int>& document, std::size_t count,
                   int token) {
  float low = 0, high = 1;
  while (std::nextafter(low, 2.0f) < high) {
    const float middle = low + (high - low) / 2;
    (draw_after(engine, document, count, middle) <= token ? low : high) = middle;
  }
  return low;
}

// Equal tokens may hide that the last bits differ; the numbers where one gives way to the next
// don't.
TEST(SmallSampler, BordersBetweenTokensAreTheSameWithAnyOthers) {
  for (const Config& config : kShapes) {
    SCOPED_TRACE(testing::Message() << config.n_embd << " " << config.n_head);
    for_each_isa([&] {
      const auto engine = make_loaded(config);
      const auto length = std::min<std::size_t>(static_cast<std::size_t>(config.block_size), 8);
      for (unsigned seed = 0; seed < (kSanitized ? 1 : 3); ++seed) {
        const auto document = random_document(config, length - 1, seed);
        const int token = config.vocab_size / 2 - 1;
        EXPECT_EQ(border_after(*engine, document, 1, token),
                  border_after(*engine, document, 16, token));
      }
    });
  }
}

// Each token is the one at which the running sum of the reference's probabilities exceeds u, up to
// the error of float32.
TEST(SmallSampler, DrawsFromSoftmaxOfReference) {
  const Config config = make_config(1, 16, 4, 16, 27);
  for (const double temperature : {0.5, 1.0, 2.0}) {
    for_each_isa([&] {
      const std::size_t count = 20;
      const auto reference = make_reference(config);
      const auto written = write(*make_loaded(config), config, count, 40, temperature);
      for (std::size_t lane = 0; lane < count; ++lane) {
        const auto decoder = reference->new_decoder();
        std::vector<double> logits(27);
        int token = 1, length = 0;
        for (std::size_t call = 0; call < 40; ++call) {
          decoder->forward({&token, 1}, logits);
          token = written[lane][call];
          double total = 0, before = 0, after = 0;
          for (int i = 0; i < 27; ++i) {
            if (i == token) before = total;
            total += std::exp(logits[static_cast<std::size_t>(i)] / temperature);
            if (i == token) after = total;
          }
          ASSERT_GE(number(lane, call), before / total - 1e-5);
          ASSERT_LE(number(lane, call), after / total + 1e-5);
          if (++length == config.block_size || token == 0 || call == 3 + lane) {
            decoder->rewind(0);
            length = 0;
          }
        }
      }
    });
  }
}

TEST(SmallSampler, ExtremeNumbersDrawTokensOfTheVocabulary) {
  const Config config = make_config(1, 16, 4, 16, 27);
  for_each_isa([&] {
    const auto engine = make_loaded(config);
    for (const std::size_t count : {1u, 40u}) {
      const auto lanes = engine->new_lanes(count, 0.01);
      std::vector<int> tokens(count, 3), next(count);
      lanes->draw(tokens, std::vector<double>(count, 0.0), next);
      for (const int token : next) EXPECT_TRUE(token >= 0 && token < 27) << token;
      lanes->draw(tokens, std::vector<double>(count, 1.0 - 0x1p-53), next);
      for (const int token : next) EXPECT_TRUE(token >= 0 && token < 27) << token;
    }
  });
}

TEST(SmallSampler, DecoderSaysWhatIsWrong) {
  const Config config = make_config(1, 16, 4, 4, 27);
  const auto engine = make_loaded(config);
  const auto decoder = engine->new_decoder();
  std::vector<double> logits(27), few(5);
  const auto error_of = [&](std::vector<int> tokens, std::vector<double>& out) {
    return message_of([&] { decoder->forward(tokens, out); });
  };
  EXPECT_EQ(error_of({}, logits), "decoder: no tokens, expected at least one");
  EXPECT_EQ(error_of({27}, logits), "token: out of range, expected 0 to 26, got 27");
  EXPECT_EQ(error_of({1}, few), "decoder: logits have the wrong size, expected 27, got 5");
  EXPECT_EQ(error_of({1, 2, 3, 4, 5}, logits),
            "decoder: sequence too long, expected at most 4 positions, got 5");
}

TEST(SmallSampler, LanesSayWhatIsWrong) {
  const Config config = make_config(1, 16, 4, 4, 27);
  const auto engine = make_loaded(config);
  for (const std::size_t count : {1u, 40u}) {
    const auto lanes = engine->new_lanes(count, 1.0);
    std::vector<int> tokens(count, 3), next(count);
    const std::vector<double> u(count, 0.5);
    const auto error = [&] { return message_of([&] { lanes->draw(tokens, u, next); }); };
    tokens.back() = -1;
    EXPECT_EQ(error(), "token: out of range, expected 0 to 26, got -1");
    tokens.back() = 3;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(error(), "no error");
    EXPECT_EQ(error(), "lanes: lane 0 is full, expected at most 4 positions; restart it");
    for (std::size_t lane = 0; lane < count; ++lane) lanes->restart(lane);
    EXPECT_EQ(error(), "no error");
    tokens.push_back(3);
    EXPECT_EQ(error(), "lanes: wrong number of values, expected " + std::to_string(count) +
                           " each, got " + std::to_string(count + 1) + ", " +
                           std::to_string(count) + " and " + std::to_string(count));
  }
}

}  // namespace
}  // namespace microgpt::cpu
