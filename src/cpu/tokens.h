// What comes in from outside.
#pragma once

#include <cstddef>
#include <span>

namespace microgpt::cpu {

// Throws Error: a token is not in [0, vocab_size).
void check_tokens(std::span<const int> tokens, std::size_t vocab_size);

}  // namespace microgpt::cpu
