// In place of the library utf8proc: those of its functions that src/guardrails calls, for the
// options that it calls them with. The tables are made by make_unicode_tables.cpp, of utf8proc.
#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <unordered_map>

#include "base/unicode.h"
#include "guardrails/unicode_tables.h"

namespace {

using Bytes = std::span<const unsigned char>;
using Letters = std::u32string;
using Map = std::unordered_map<char32_t, Letters>;

constexpr unsigned kMark = 1;
constexpr int kPlainOptions = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK;

std::uint32_t take(Bytes& bytes) {
  std::uint32_t value = 0;
  for (int shift = 0;; shift += 7) {
    const unsigned char byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= static_cast<std::uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

std::uint32_t take_signed(Bytes& bytes) {
  const std::uint32_t value = take(bytes);
  return value >> 1 ^ (0 - (value & 1));
}

Map read_map(Bytes bytes) {
  Map map;
  for (char32_t c = 0; !bytes.empty();) {
    c += take(bytes);
    Letters letters(take(bytes), U'\0');
    char32_t before = c;
    for (char32_t& letter : letters) before = letter = before + take_signed(bytes);
    map.emplace(c, std::move(letters));
  }
  return map;
}

unsigned kind_of(char32_t c) {
  Bytes bytes = kKinds;
  for (char32_t end = 0;;) {
    const std::uint32_t run = take(bytes);
    end += run >> 2;
    if (c < end || bytes.empty()) return run & 3;
  }
}

// Without case folding: NFKD without marks.
Letters plain(char32_t c) {
  static const Map map = read_map(kPlain);
  if (const auto at = map.find(c); at != map.end()) return at->second;
  if (kind_of(c) == kMark) return {};
  if (c < 0xAC00 || c > 0xD7A3) return Letters(1, c);
  const char32_t syllable = c - 0xAC00;  // Hangul: Unicode 3.12
  Letters letters = {0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28};
  if (syllable % 28 != 0) letters += 0x11A7 + syllable % 28;
  return letters;
}

Letters folded(char32_t c) {
  static const Map map = read_map(kFolded);
  const auto at = map.find(c);
  return at == map.end() ? Letters(1, c) : at->second;
}

Letters plain_folded(char32_t c) {
  static const Map map = read_map(kPlainFolded);
  if (const auto at = map.find(c); at != map.end()) return at->second;
  Letters all;
  for (const char32_t letter : folded(c)) all += plain(letter);
  return all;
}

Letters mapped(char32_t c, int options) {
  if (options == kPlainOptions) return plain(c);
  if (options == UTF8PROC_CASEFOLD) return folded(c);
  return options == 0 ? Letters(1, c) : plain_folded(c);
}

}  // namespace

// One category for all of a kind.
utf8proc_category_t utf8proc_category(utf8proc_int32_t c) {
  constexpr utf8proc_category_t kOfKind[] = {UTF8PROC_CATEGORY_LO, UTF8PROC_CATEGORY_MN,
                                             UTF8PROC_CATEGORY_CF, UTF8PROC_CATEGORY_CN};
  return kOfKind[kind_of(static_cast<char32_t>(c))];
}

utf8proc_int32_t utf8proc_tolower(utf8proc_int32_t c) {
  static const Map map = read_map(kLower);
  const auto letter = static_cast<char32_t>(c);
  const auto at = map.find(letter);
  const Letters lower = at == map.end() ? folded(letter) : at->second;
  return lower.size() == 1 ? static_cast<utf8proc_int32_t>(lower[0]) : c;
}

utf8proc_ssize_t utf8proc_decompose_char(utf8proc_int32_t c, utf8proc_int32_t* out,
                                         utf8proc_ssize_t room, utf8proc_option_t options, int*) {
  const Letters letters = mapped(static_cast<char32_t>(c), options);
  std::copy_n(letters.begin(), std::min<std::size_t>(letters.size(), room), out);
  return static_cast<utf8proc_ssize_t>(letters.size());
}

utf8proc_ssize_t utf8proc_map(const utf8proc_uint8_t* text, utf8proc_ssize_t size,
                              utf8proc_uint8_t** out, utf8proc_option_t options) {
  const std::string_view bytes(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  std::string made;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto c = microgpt::decode_utf8(bytes, at);
    if (!c) return UTF8PROC_ERROR_INVALIDUTF8;
    for (const char32_t letter : mapped(c->value, options)) microgpt::append_utf8(made, letter);
    at += c->size;
  }
  *out = static_cast<utf8proc_uint8_t*>(std::malloc(made.size() + 1));
  if (*out == nullptr) return UTF8PROC_ERROR_NOMEM;
  std::copy(made.begin(), made.end(), *out);
  return static_cast<utf8proc_ssize_t>(made.size());
}
