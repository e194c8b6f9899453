// How well counts alone predict documents: what a model has to beat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace microgpt {

// Predicts a token from the order - 1 tokens before it, as often as it followed those in what was
// learned, smoothed as Witten and Bell (1991) do: with T different tokens seen after a context of
// count C, P(token) = (count + T * P_shorter(token)) / (C + T), where P_shorter knows one token
// less of the context, down to none at all: every token is as likely. A context that was not seen
// is predicted from the shorter one alone.
class NgramModel {
 public:
  // order: 1 to 8. vocab_size: at least 1. Throws Error: else.
  NgramModel(int order, int vocab_size);

  // Learns from a sequence, BOS included: all its tokens but the first are predicted.
  void add(std::span<const int> tokens);

  // The sum of -log P over the predictions of a sequence, in nats.
  double loss(std::span<const int> tokens) const;

 private:
  struct Context {
    std::int64_t count = 0;
    std::unordered_map<int, std::int64_t> next;  // of each token that followed
  };

  double probability(std::span<const int> context, int token) const;

  std::size_t order_;
  double vocab_size_;
  std::map<std::vector<int>, Context> contexts_;
};

}  // namespace microgpt
