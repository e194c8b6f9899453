#include "base/grapheme.h"

#include <utf8proc.h>

#include <optional>

#include "base/unicode.h"

namespace microgpt {

std::size_t grapheme_size(std::string_view text, std::size_t at) {
  const std::optional<CodePoint> first = decode_utf8(text, at);
  if (!first) return 0;
  std::size_t size = first->size;
  utf8proc_int32_t state = 0;
  for (auto last = static_cast<utf8proc_int32_t>(first->value); at + size < text.size();) {
    const std::optional<CodePoint> next = decode_utf8(text, at + size);
    if (!next) break;
    const auto value = static_cast<utf8proc_int32_t>(next->value);
    if (utf8proc_grapheme_break_stateful(last, value, &state)) break;
    size += next->size;
    last = value;
  }
  return size;
}

}  // namespace microgpt
