#include "base/unicode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace microgpt {
namespace {

// The byte at text[at], 0 past the end: 0 continues no sequence, so a text that breaks off fails
// like one that goes on wrongly.
std::uint32_t byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool is_continuation(std::uint32_t byte) { return (byte & 0xC0) == 0x80; }

struct Range {
  char32_t first, last;
};

// Code points that print nothing, break the line, reorder what stands around them or sit on the
// character before: in a message they would mislead. Python's white space is hidden apart.
constexpr Range kHidden[] = {
    {0x0000, 0x001F},     // C0 controls
    {0x007F, 0x009F},     // DEL, C1 controls
    {0x00AD, 0x00AD},     // soft hyphen
    {0x0300, 0x036F},     // combining marks
    {0x061C, 0x061C},     // bidirectional mark
    {0x200B, 0x200F},     // zero width, bidirectional marks
    {0x202A, 0x202E},     // bidirectional embedding and override
    {0x2060, 0x206F},     // invisible operators, bidirectional isolates
    {0xD800, 0xF8FF},     // surrogates, private use
    {0xFE00, 0xFE0F},     // variation selectors
    {0xFEFF, 0xFEFF},     // byte order mark
    {0xFFF0, 0xFFFF},     // specials
    {0xE0000, 0x10FFFF},  // tags, variation selectors, private use
};

bool is_hidden(char32_t c) {
  return (c != U' ' && is_python_space(c)) ||
         std::any_of(std::begin(kHidden), std::end(kHidden),
                     [c](Range range) { return range.first <= c && c <= range.last; });
}

// Where the last code point of a text that is not empty begins.
std::size_t last_code_point(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && is_continuation(byte_at(text, at))) --at;
  return at;
}

bool is_space_at(std::string_view text, std::size_t at) {
  const std::optional<CodePoint> c = decode_utf8(text, at);
  return c && is_python_space(c->value);
}

}  // namespace

std::optional<CodePoint> decode_long_utf8(std::string_view text, std::size_t at) {
  const std::uint32_t b0 = byte_at(text, at);
  const std::uint32_t b1 = byte_at(text, at + 1);
  if (b0 < 0xC2 || b0 > 0xF4 || !is_continuation(b1)) return std::nullopt;
  if (b0 < 0xE0) return CodePoint{(b0 & 0x1F) << 6 | (b1 & 0x3F), 2};

  const std::uint32_t b2 = byte_at(text, at + 2);
  if (!is_continuation(b2)) return std::nullopt;
  if (b0 < 0xF0) {
    const std::uint32_t value = (b0 & 0x0F) << 12 | (b1 & 0x3F) << 6 | (b2 & 0x3F);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < 0x800 || surrogate) return std::nullopt;
    return CodePoint{value, 3};
  }

  const std::uint32_t b3 = byte_at(text, at + 3);
  if (!is_continuation(b3)) return std::nullopt;
  const std::uint32_t value =
      (b0 & 0x07) << 18 | (b1 & 0x3F) << 12 | (b2 & 0x3F) << 6 | (b3 & 0x3F);
  if (value < 0x10000 || value > 0x10FFFF) return std::nullopt;
  return CodePoint{value, 4};
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto lead = [&](unsigned mark, int shift) {
    text += static_cast<char>(mark | (code_point >> shift));
  };
  const auto continuation = [&](int shift) {
    text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    lead(0, 0);
  } else if (code_point < 0x800) {
    lead(0xC0, 6), continuation(0);
  } else if (code_point < 0x10000) {
    lead(0xE0, 12), continuation(6), continuation(0);
  } else {
    lead(0xF0, 18), continuation(12), continuation(6), continuation(0);
  }
}

// Unicode's White_Space and the four separators U+001C..U+001F, which Python counts by their
// bidirectional class.
bool is_python_space(char32_t c) {
  if (c < 0x80) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::size_t ascii_prefix(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t size = 0;
  for (std::uint64_t eight; size + sizeof eight <= text.size(); size += sizeof eight) {
    std::memcpy(&eight, text.data() + size, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (size < text.size() && static_cast<unsigned char>(text[size]) < 0x80) ++size;
  return size;
}

std::string_view strip_ends(std::string_view text) {
  while (!text.empty() && is_space_at(text, 0)) text.remove_prefix(decode_utf8(text, 0)->size);
  while (!text.empty() && is_space_at(text, last_code_point(text))) {
    text = text.substr(0, last_code_point(text));
  }
  return text;
}

std::string describe_code_point(char32_t code_point) {
  if (is_hidden(code_point)) {
    return fmt::format("U+{:04X}", static_cast<std::uint32_t>(code_point));
  }
  std::string text = "'";
  append_utf8(text, code_point);
  return text + "'";
}

}  // namespace microgpt
