// The protocol's reading of a request, as the grader expects it of a bot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

// The letters a-z of a text, A-Z made small.
std::string plain_letters(std::string_view text);

// The prefixes of a request: what is left of its words. A blank request is one empty prefix; words
// without letters give none.
std::vector<std::string> plain_prefixes(std::string_view request);

}  // namespace microgpt
