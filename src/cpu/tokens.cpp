#include "cpu/tokens.h"

#include <fmt/format.h>

#include <utility>

#include "microgpt/error.h"

namespace microgpt::cpu {

void check_tokens(std::span<const int> tokens, std::size_t vocab_size) {
  for (const int token : tokens) {
    if (token < 0 || std::cmp_greater_equal(token, vocab_size)) {
      throw Error(
          fmt::format("token: out of range, expected 0 to {}, got {}", vocab_size - 1, token));
    }
  }
}

}  // namespace microgpt::cpu
