#include "train/batcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "microgpt/error.h"
#include "microgpt/random.h"
#include "microgpt/trainer.h"

namespace microgpt {

void check_enough_data(const Dataset& dataset, const Tokenizer& tokenizer, const Config& model,
                       const TrainConfig& config) {
  if (dataset.sequences() == Sequences::kWindows) {
    const std::size_t tokens = tokenizer.count_tokens(dataset[0]);
    if (std::cmp_less(tokens, model.block_size)) {
      throw Error(
          fmt::format("windows: text too short for block_size {}, expected {} tokens or more, "
                      "got {}",
                      model.block_size, model.block_size, tokens));
    }
  } else if (std::cmp_greater(config.sequences_per_step(), dataset.size())) {
    throw Error(fmt::format(
        "batch_size: a batch larger than the data, expected batch_size * grad_accum of at most "
        "the {} documents there are, got {} * {} = {}",
        dataset.size(), config.batch_size, config.grad_accum, config.sequences_per_step()));
  }
}

Batcher::Batcher(const Dataset& dataset, const Tokenizer& tokenizer, const Config& model,
                 const TrainConfig& config)
    : dataset_(dataset),
      tokenizer_(tokenizer),
      block_size_(static_cast<std::size_t>(model.block_size)),
      seed_(config.seed) {
  check_enough_data(dataset, tokenizer, model, config);
  if (dataset.sequences() == Sequences::kWindows) text_ = tokenizer.encode_text(dataset[0]);
  sequences_.resize(static_cast<std::size_t>(config.sequences_per_step()));
}

Batch Batcher::batch(std::int64_t step) {
  if (text_.empty()) {
    take_documents(step);
  } else {
    take_windows(step);
  }
  return sequences_;
}

std::size_t Batcher::num_tokens(Batch batch) const {
  std::size_t tokens = 0;
  for (const auto& sequence : batch) tokens += std::min(block_size_, sequence.size() - 1);
  return tokens;
}

void Batcher::take_documents(std::int64_t step) {
  // step * n would overflow, its remainder can't.
  std::size_t doc =
      static_cast<std::size_t>(step) % dataset_.size() * sequences_.size() % dataset_.size();
  for (auto& sequence : sequences_) {
    tokenizer_.encode_document(dataset_[doc], sequence);
    if (++doc == dataset_.size()) doc = 0;
  }
}

void Batcher::take_windows(std::int64_t step) {
  const CounterRandom random(seed_, static_cast<std::uint64_t>(step));
  const auto positions = static_cast<double>(text_.size() - block_size_);
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(random.random(i) * positions);
    sequences_[i].assign(begin, begin + static_cast<std::ptrdiff_t>(block_size_ + 1));
  }
}

}  // namespace microgpt
