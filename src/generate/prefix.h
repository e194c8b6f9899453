// What a document is made to begin with.
#pragma once

#include <string>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// The ids of a prefix. Throws Error: it has a letter outside the vocabulary or is as long as the
// block.
std::vector<int> encode_prefix(const Tokenizer& tokenizer, const Config& config,
                               const std::string& prefix);

}  // namespace microgpt
