// UTF-8 that was read as Latin-1, or as Windows-1252, and saved again.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace microgpt::check {

// Characters that stand for the bytes of one: C3 A9, 'e' with acute, as A with tilde and (c).
struct Mojibake {
  std::size_t at;  // byte of the text, from 0
  std::size_t size;
};

// In the order of the text. None where all of it can be meant: a capital before a quotation mark.
std::vector<Mojibake> find_mojibake(std::string_view text);

// What Windows-1252 has where Latin-1 has this control character; 0: nothing.
char32_t windows_character(char32_t control);

// The byte that a character may have been read from; 0: none above 7F.
unsigned char byte_read_as(char32_t c);

// text.strip(), with white space at the end that is a part of mojibake: U+00A0 is the last byte of
// 'a' with grave. REQUIRES: text is UTF-8 but for single bytes.
std::string_view stripped_document(std::string_view text);

}  // namespace microgpt::check
