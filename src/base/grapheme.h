// What a reader takes for one character.
#pragma once

#include <cstddef>
#include <string_view>

namespace microgpt {

// How many bytes the extended grapheme cluster that begins at text[at] takes (UAX #29); 0 where the
// bytes there are not UTF-8. REQUIRES: at < text.size().
std::size_t grapheme_size(std::string_view text, std::size_t at);

}  // namespace microgpt
