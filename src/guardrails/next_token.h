// What comes next, after beginnings that have much in common.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"

namespace microgpt::guardrails {

class NextToken {
 public:
  NextToken(const Model& model, const Engine& engine, double temperature);

  // Feeds a token at a position, after those that were fed at the positions before, and overwrites
  // probs (vocab_size). Throws Error: the model's logits are no numbers.
  void feed(std::size_t position, int token, std::span<double> probs);

  // The probability of each letter of a document, and of its end where the block is not full.
  std::vector<double> along(std::span<const int> letters);

 private:
  std::size_t vocab_size_, block_size_;
  int bos_;
  double temperature_;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace microgpt::guardrails
