// In place of the library utf8proc: those of its functions that src/base and src/guardrails call,
// for the options that they call them with. The tables are made by make_unicode_tables.cpp, of
// utf8proc.
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

// What a table of runs says of a character.
unsigned look_up(Bytes runs, char32_t c, int bits) {
  for (char32_t end = 0;;) {
    const std::uint32_t run = take(runs);
    end += run >> bits;
    if (c < end || runs.empty()) return run & ((1u << bits) - 1);
  }
}

unsigned kind_of(char32_t c) { return look_up(kKinds, c, 2); }

int bound_class_of(char32_t c) {
  const bool two_parts = c >= 0xAC00 && c <= 0xD7A3 && (c - 0xAC00) % 28 == 0;
  return two_parts ? int{UTF8PROC_BOUNDCLASS_LV} : static_cast<int>(look_up(kBoundClasses, c, 5));
}

// UAX #29, rules GB3 to GB9b: whether two characters of these classes stay together wherever they
// stand.
bool stay_together(int left, int right) {
  const auto is_control = [](int of) {
    return of == UTF8PROC_BOUNDCLASS_CR || of == UTF8PROC_BOUNDCLASS_LF ||
           of == UTF8PROC_BOUNDCLASS_CONTROL;
  };
  if (left == UTF8PROC_BOUNDCLASS_CR && right == UTF8PROC_BOUNDCLASS_LF) return true;
  if (is_control(left) || is_control(right)) return false;
  const bool vowel = right == UTF8PROC_BOUNDCLASS_V, tail = right == UTF8PROC_BOUNDCLASS_T;
  switch (left) {
    case UTF8PROC_BOUNDCLASS_L:
      if (vowel || right == UTF8PROC_BOUNDCLASS_L || right == UTF8PROC_BOUNDCLASS_LV ||
          right == UTF8PROC_BOUNDCLASS_LVT) {
        return true;
      }
      break;
    case UTF8PROC_BOUNDCLASS_LV:
    case UTF8PROC_BOUNDCLASS_V:
      if (vowel || tail) return true;
      break;
    case UTF8PROC_BOUNDCLASS_LVT:
    case UTF8PROC_BOUNDCLASS_T:
      if (tail) return true;
      break;
    case UTF8PROC_BOUNDCLASS_PREPEND:
      return true;
    default:
      break;
  }
  return right == UTF8PROC_BOUNDCLASS_EXTEND || right == UTF8PROC_BOUNDCLASS_ZWJ ||
         right == UTF8PROC_BOUNDCLASS_SPACINGMARK;
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

// With GB11 and GB12: state is what the cluster is so far, where that matters to the next
// character: a picture, one that a joiner follows, or half a flag.
utf8proc_bool utf8proc_grapheme_break_stateful(utf8proc_int32_t left, utf8proc_int32_t right,
                                               utf8proc_int32_t* state) {
  constexpr int kPicture = UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
  constexpr int kJoined = UTF8PROC_BOUNDCLASS_E_ZWG;
  constexpr int kHalfFlag = UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR;
  const int in_left = bound_class_of(static_cast<char32_t>(left));
  const int in_right = bound_class_of(static_cast<char32_t>(right));
  const int before = *state == 0 ? in_left : *state;
  const bool joined = before == kJoined && in_right == kPicture;
  const bool flag = before == kHalfFlag && in_right == kHalfFlag;
  if (before == kPicture && in_right == UTF8PROC_BOUNDCLASS_EXTEND) {
    *state = kPicture;
  } else if (before == kPicture && in_right == UTF8PROC_BOUNDCLASS_ZWJ) {
    *state = kJoined;
  } else {
    *state = flag ? int{UTF8PROC_BOUNDCLASS_OTHER} : in_right;
  }
  return !joined && !flag && !stay_together(in_left, in_right);
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
