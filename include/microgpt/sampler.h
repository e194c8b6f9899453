// Generating documents.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/constraint.h"
#include "microgpt/engine.h"
#include "microgpt/random.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

inline constexpr int kMaxTries = 1'000'000;

// How the next token is drawn from the logits.
struct SampleConfig {
  double temperature = 0.5;  // 0: always the likeliest token, the first of equals
  int top_k = 0;             // only the k likeliest; 0: all
  double top_p = 1;          // only the likeliest that together reach p

  // What a document must be, or nothing; belongs to the caller. What comes out is then the model's
  // own distribution over the documents that may be written, to within (1 - P)^tries where P is
  // the share of those: a document is drawn freely, and drawn again as soon as it is lost. When
  // `tries` were lost, letters are drawn of those that are allowed only, and one of as many
  // documents made so is taken by its weight: the product, over its letters, of the probability
  // that an allowed one had. No document is ever returned that the constraint does not allow.
  const Constraint* constraint = nullptr;
  int tries = 1000;  // 1 to kMaxTries

  // Throws Error: a value is not finite or not in its range.
  void check() const;
};

struct SampledToken {
  int token = 0;
  double probability = 0;  // under the distribution that it was drawn from
};

struct Sample {
  std::string text;                  // prefix included
  std::vector<SampledToken> tokens;  // what was drawn: no prefix, BOS included if reached
  double log_probability = 0;        // sum of their logarithms
  bool complete = false;             // ended with BOS, not at the end of the block
};

// The distribution over the next token: softmax(logits / temperature), then top-k and top-p, then
// scaled to sum 1 again if anything was cut. With temperature 0 all of it is on one token.
std::vector<double> next_token_probabilities(std::span<const double> logits,
                                             const SampleConfig& config);

// Generates one document as microgpt.py's inference loop does, starting with the prefix. The
// decoder is rewound first. Throws Error: prefix has a letter outside the vocabulary or is as long
// as the block, or no document that begins with it is allowed.
Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, const std::string& prefix, PythonRandom& random);

// The same with the prefix as ids, without BOS.
Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, std::span<const int> prefix, PythonRandom& random);

// From a stream of the document's own: the token that follows position i is drawn with
// stream.random(i).
Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, const std::string& prefix, const CounterRandom& stream);

// Receives one document after another; false ends the generation.
using TakeText = std::function<bool(std::string_view text)>;

// Generates `count` documents and hands them out in order. Document i is drawn from the stream
// CounterRandom(seed, i), so that it is the same however many are asked for. An engine with Lanes
// writes many at once, and rounds on its own way: in one of a million tokens or so its choice can
// be another than generate()'s. top_k, top_p and temperature 0 take one document after the other.
// at_once: how many lanes; 0: as many as pay.
// Throws Error: see generate; whatever take throws.
void generate_many(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
                   const SampleConfig& how, const std::string& prefix, std::uint64_t seed,
                   std::int64_t count, const TakeText& take, std::size_t at_once = 0);

// Whether an engine draws each document from a stream of its own. Engines without Lanes draw all
// from one PythonRandom, as microgpt.py does.
bool has_own_streams(const Engine& engine);

}  // namespace microgpt
