#include "check/mojibake.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>

#include "base/unicode.h"

namespace microgpt::check {
namespace {

// Windows-1252 from 80 to 9F; 0: not in use, and read as a control character.
constexpr std::array<char32_t, 32> kWindows = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

constexpr char32_t kNoBreakSpace = 0xA0;

// What can be meant after a letter, of all that a byte from 80 to BF is read as: letters, spaces,
// punctuation, and marks that are written after a word.
constexpr char32_t kAfterLetters[] = {
    0x00A0, 0x00A1, 0x00A9, 0x00AA, 0x00AB, 0x00AD, 0x00AE, 0x00B0, 0x00B2, 0x00B3,
    0x00B4, 0x00B7, 0x00B9, 0x00BA, 0x00BB, 0x00BC, 0x00BD, 0x00BE, 0x00BF, 0x0152,
    0x0153, 0x0160, 0x0161, 0x0178, 0x017D, 0x017E, 0x2013, 0x2014, 0x2018, 0x2019,
    0x201C, 0x201D, 0x2020, 0x2021, 0x2022, 0x2026, 0x2039, 0x203A, 0x2122};

bool can_follow_letters(char32_t c) {
  return std::binary_search(std::begin(kAfterLetters), std::end(kAfterLetters), c);
}

utf8proc_category_t category_of(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// The characters of a text that may be bytes, and the text that these are.
class Reading {
 public:
  explicit Reading(std::string_view text);

  std::vector<Mojibake> find() const;

 private:
  // One that is not UTF-8 is no character, and no byte of another.
  struct Place {
    std::size_t at;
    char32_t c;
  };

  std::size_t sequence_at(std::size_t i) const;
  bool is_proof(std::size_t i, std::size_t size) const;

  std::size_t end_;
  std::vector<Place> places_;
  std::string bytes_;  // one for each place
};

Reading::Reading(std::string_view text) : end_(text.size()) {
  for (std::size_t at = 0; at < text.size();) {
    const std::optional<CodePoint> c = decode_utf8(text, at);
    places_.push_back({at, c ? c->value : 0});
    bytes_ += static_cast<char>(c ? byte_read_as(c->value) : 0);
    at += c ? c->size : 1;
  }
}

// How many bytes from i on are one character. Of the closing quote, E2 80 9D, the last byte is none
// that Windows-1252 has, and often lost.
std::size_t Reading::sequence_at(std::size_t i) const {
  if (bytes_[i] == '\0') return 0;
  if (const std::optional<CodePoint> c = decode_utf8(bytes_, i)) {
    // A multiplication sign before a fraction.
    const bool is_nothing = c->size == 2 && category_of(c->value) == UTF8PROC_CATEGORY_CN;
    return is_nothing ? 0 : c->size;
  }
  return std::string_view(bytes_).substr(i).starts_with("\xE2\x80") ? 2 : 0;
}

// Whether nobody can have meant these characters themselves.
bool Reading::is_proof(std::size_t i, std::size_t size) const {
  const bool is_mark = std::string_view(bytes_).substr(i, size) == "\xEF\xBB\xBF";
  if (is_mark || !can_follow_letters(places_[i + 1].c)) return true;
  if (size > 2) {
    // A space may be followed by anything.
    return places_[i + 1].c != kNoBreakSpace &&
           std::any_of(places_.begin() + static_cast<std::ptrdiff_t>(i + 2),
                       places_.begin() + static_cast<std::ptrdiff_t>(i + size),
                       [](const Place& place) { return !can_follow_letters(place.c); });
  }
  // Small letters follow capitals, not the other way round.
  if (category_of(places_[i].c) != UTF8PROC_CATEGORY_LU) return false;
  const auto before = i == 0 ? UTF8PROC_CATEGORY_CN : category_of(places_[i - 1].c);
  const bool begins_word = before != UTF8PROC_CATEGORY_LU && before != UTF8PROC_CATEGORY_LL;
  const bool is_a = places_[i].c == 0xC2 || places_[i].c == 0xC3;  // no word by itself
  return before == UTF8PROC_CATEGORY_LL || (begins_word && is_a);
}

// Where one is proved the others of the same text are, too, and nobody means two in a row.
std::vector<Mojibake> Reading::find() const {
  std::vector<Mojibake> found;
  bool is_proved = false, follows_another = false;
  for (std::size_t i = 0; i < places_.size();) {
    const std::size_t size = sequence_at(i);
    if (size > 0) {
      const std::size_t next = i + size;
      const std::size_t end = next < places_.size() ? places_[next].at : end_;
      found.push_back({places_[i].at, end - places_[i].at});
      is_proved = is_proved || follows_another || is_proof(i, size);
    }
    follows_another = size > 0;
    i += std::max<std::size_t>(size, 1);
  }
  return is_proved ? found : std::vector<Mojibake>();
}

}  // namespace

char32_t windows_character(char32_t control) {
  return control >= 0x80 && control < 0xA0 ? kWindows[control - 0x80] : 0;
}

unsigned char byte_read_as(char32_t c) {
  if (c < 0x80) return 0;
  if (c <= 0xFF) return static_cast<unsigned char>(c);
  const auto place = std::ranges::find(kWindows, c);
  return place == kWindows.end() ? 0
                                 : static_cast<unsigned char>(0x80 + (place - kWindows.begin()));
}

std::vector<Mojibake> find_mojibake(std::string_view text) { return Reading(text).find(); }

std::string_view stripped_document(std::string_view text) {
  const std::string_view document = python_strip(text);
  const auto begin = static_cast<std::size_t>(document.data() - text.data());
  const std::size_t end = begin + document.size();
  if (document.empty() || !text.substr(end).starts_with('\xC2')) return document;
  for (const Mojibake& place : find_mojibake(text)) {
    if (place.at < end && place.at + place.size > end) {
      return text.substr(begin, place.at + place.size - begin);
    }
  }
  return document;
}

}  // namespace microgpt::check
