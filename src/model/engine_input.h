// What every engine asks of its input.
#pragma once

#include <cstddef>
#include <span>

#include "microgpt/config.h"
#include "microgpt/engine.h"

namespace microgpt {

// How many tokens of a document are predicted: all after the first, up to block_size.
inline std::size_t count_predicted(const Config& config, std::span<const int> tokens) {
  const auto block_size = static_cast<std::size_t>(config.block_size);
  return tokens.size() - 1 < block_size ? tokens.size() - 1 : block_size;
}

// Throws Error: token is out of range.
void check_token(const Config& config, int token);

// Returns how many tokens of the batch are predicted in all.
// Throws Error: no documents, one with fewer than two tokens, or a token out of range.
std::size_t check_batch(const Config& config, Batch batch);

// For a decoder that stands at `position`.
// Throws Error: no tokens, one out of range, too many, or logits of another size.
void check_decoder_input(const Config& config, std::size_t position, std::span<const int> tokens,
                         std::span<const double> logits);

// For a decoder that stands at `fed`. Throws Error: position is beyond that.
void check_rewind(std::size_t fed, std::size_t position);

}  // namespace microgpt
