// UTF-8 and the white space of Python's str.strip.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace microgpt {

// One code point of a text, and how many bytes it takes.
struct CodePoint {
  char32_t value;
  std::size_t size;  // 1..4
};

// The part of decode_utf8 for all but ASCII.
std::optional<CodePoint> decode_long_utf8(std::string_view text, std::size_t at);

// The code point at text[at], or nothing where the bytes there are not UTF-8 by Unicode 15.0,
// table 3-7: overlong forms, surrogates and values over U+10FFFF are not.
// REQUIRES: at < text.size().
inline std::optional<CodePoint> decode_utf8(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return CodePoint{byte, 1};
  return decode_long_utf8(text, at);
}

// Appends the UTF-8 form of a code point. REQUIRES: a Unicode scalar value.
void append_utf8(std::string& text, char32_t code_point);

// Whether Python's str.isspace() holds, which is what str.strip() cuts off.
bool is_python_space(char32_t code_point);

// The part of python_strip for texts with white space or something beyond ASCII at an end.
std::string_view strip_ends(std::string_view text);

// text.strip(). REQUIRES: text is UTF-8.
inline std::string_view python_strip(std::string_view text) {
  const auto is_graphic = [](char c) { return c > ' ' && c < 0x7F; };
  if (!text.empty() && is_graphic(text.front()) && is_graphic(text.back())) return text;
  return strip_ends(text);
}

// How many of the bytes at the start of a text are ASCII.
std::size_t ascii_prefix(std::string_view text);

// A code point for messages: 'a', or U+0000 where it can't be shown.
std::string describe_code_point(char32_t code_point);

}  // namespace microgpt
