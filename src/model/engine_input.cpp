#include "model/engine_input.h"

#include <fmt/format.h>

#include "microgpt/error.h"

namespace microgpt {

void check_token(const Config& config, int token) {
  if (token < 0 || token >= config.vocab_size) {
    throw Error(
        fmt::format("token: out of range, expected 0 to {}, got {}", config.vocab_size - 1, token));
  }
}

std::size_t check_batch(const Config& config, Batch batch) {
  if (batch.empty()) throw Error("batch: no documents, expected at least one");
  std::size_t predicted = 0;
  for (const std::vector<int>& tokens : batch) {
    if (tokens.size() < 2) {
      throw Error(fmt::format("batch: document too short, expected 2 tokens or more, got {}",
                              tokens.size()));
    }
    for (const int token : tokens) check_token(config, token);
    predicted += count_predicted(config, tokens);
  }
  return predicted;
}

void check_decoder_input(const Config& config, std::size_t position, std::span<const int> tokens,
                         std::span<const double> logits) {
  if (tokens.empty()) throw Error("decoder: no tokens, expected at least one");
  for (const int token : tokens) check_token(config, token);
  const auto block_size = static_cast<std::size_t>(config.block_size);
  if (position + tokens.size() > block_size) {
    throw Error(fmt::format("decoder: sequence too long, expected at most {} positions, got {}",
                            block_size, position + tokens.size()));
  }
  if (logits.size() != static_cast<std::size_t>(config.vocab_size)) {
    throw Error(fmt::format("decoder: logits have the wrong size, expected {}, got {}",
                            config.vocab_size, logits.size()));
  }
}

void check_rewind(std::size_t fed, std::size_t position) {
  if (position > fed) {
    throw Error(fmt::format("decoder: can't rewind, expected a position of 0 to {}, got {}", fed,
                            position));
  }
}

}  // namespace microgpt
