// What a document is made to begin with.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/sampler.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// What is settled before the first token is drawn.
struct Beginning {
  std::vector<int> ids;     // of the prefix, and of letters that are the only ones allowed after it
  std::string text;         // theirs
  Constraint::State state;  // of how.constraint, if there is one
};

// Throws Error: the prefix is as long as the block, or no document that begins with it is allowed.
Beginning begin_document(const Tokenizer& tokenizer, const Config& config, const SampleConfig& how,
                         std::span<const int> prefix);

// How many tokens fit after `position` of them.
inline std::size_t room_after(const Config& config, std::size_t position) {
  return static_cast<std::size_t>(config.block_size) - position;
}

}  // namespace microgpt
