#include "guardrails/next_token.h"

#include <algorithm>
#include <cmath>

#include "microgpt/error.h"
#include "microgpt/sampler.h"

namespace microgpt::guardrails {
namespace {

// The sampler's distribution but for its last bit, and without memory for each call. Returns the
// sum that it was divided by.
double softmax_in_place(std::span<double> logits, double temperature) {
  const double max = *std::ranges::max_element(logits), scale = 1 / temperature;
  double total = 0;
  for (double& l : logits) {
    l = std::exp((l - max) * scale);
    total += l;
  }
  for (double& l : logits) l /= total;
  return total;
}

}  // namespace

NextToken::NextToken(const Model& model, const Engine& engine, double temperature)
    : vocab_size_(static_cast<std::size_t>(model.config.vocab_size)),
      block_size_(static_cast<std::size_t>(model.config.block_size)),
      bos_(model.tokenizer.bos()),
      temperature_(temperature),
      decoder_(engine.new_decoder()) {}

void NextToken::feed(std::size_t position, int token, std::span<double> probs) {
  decoder_->rewind(position);
  decoder_->forward(std::span(&token, 1), probs);
  if (temperature_ > 0) {
    if (std::isfinite(softmax_in_place(probs, temperature_))) return;
    throw Error("audit: the model's logits are no numbers, expected finite ones");
  }
  std::ranges::copy(next_token_probabilities(probs, {.temperature = 0}), probs.begin());
}

std::vector<double> NextToken::along(std::span<const int> letters) {
  std::vector<double> probs(vocab_size_), along;
  for (std::size_t i = 0; i <= letters.size() && i < block_size_; ++i) {
    feed(i, i == 0 ? bos_ : letters[i - 1], probs);
    along.push_back(probs[static_cast<std::size_t>(i < letters.size() ? letters[i] : bos_)]);
  }
  return along;
}

}  // namespace microgpt::guardrails
