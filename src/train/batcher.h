// Which token sequences a step learns from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// Hands out the sequences of any step: what a step learns from depends on its number alone, so that
// a resumed run needs no place to go on from.
//   documents  the n sequences of step s are documents (s * n + i) % dataset.size(), i = 0 .. n - 1
//   windows    sequence i is block_size + 1 tokens of the text (BOS, then its letters) from
//   position
//              floor(u * positions) on, u = CounterRandom(seed, s).random(i)
class Batcher {
 public:
  // Holds on to the dataset and the tokenizer. Throws Error: see check_enough_data.
  Batcher(const Dataset& dataset, const Tokenizer& tokenizer, const Config& model,
          const TrainConfig& config);

  // The sequences of a step, counted from 0. Valid until the next call.
  Batch batch(std::int64_t step);

  // How many tokens a model predicts in a batch.
  std::size_t num_tokens(Batch batch) const;

 private:
  void take_documents(std::int64_t step);
  void take_windows(std::int64_t step);

  const Dataset& dataset_;
  const Tokenizer& tokenizer_;
  std::size_t block_size_;
  std::uint64_t seed_;
  std::vector<int> text_;  // of which windows are cut; empty for documents
  std::vector<std::vector<int>> sequences_;
};

}  // namespace microgpt
