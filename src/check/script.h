// Which script a letter belongs to.
#pragma once

#include <cstdint>
#include <string_view>

namespace microgpt::check {

// The scripts that lists are mostly written in; all other letters, and what all scripts share, are
// kOther.
enum class Script : std::uint8_t {
  kOther,
  kLatin,
  kGreek,
  kCyrillic,
  kArmenian,
  kCoptic,
  kCherokee,
  kGeorgian,
  kHebrew,
  kArabic,
  kSyriac,
  kThaana,
  kNko,
  kDevanagari,
  kBengali,
  kGurmukhi,
  kGujarati,
  kOriya,
  kTamil,
  kTelugu,
  kKannada,
  kMalayalam,
  kSinhala,
  kTibetan,
  kMyanmar,
  kKhmer,
  kMongolian,
  kThai,
  kLao,
  kEthiopic,
  kHangul,
  kHiragana,
  kKatakana,
  kBopomofo,
  kHan,
};
inline constexpr std::size_t kNumScripts = 35;

std::string_view to_string(Script script);  // "Latin"

Script script_of(char32_t c);

// Alphabets with letters that are drawn alike, such as Latin a and Cyrillic a. No word has letters
// of two of them.
inline bool has_lookalikes(Script script) {
  return script >= Script::kLatin && script <= Script::kCherokee;
}

// Scripts whose spelling needs joiners (ZWJ, ZWNJ).
inline bool has_joiners(Script script) {
  return script >= Script::kArabic && script <= Script::kMongolian;
}

// Scripts without spaces between words, which a zero width space may mark.
inline bool has_no_spaces(Script script) {
  return script >= Script::kTibetan && script <= Script::kLao && script != Script::kMongolian;
}

inline bool is_east_asian(Script script) { return script >= Script::kHangul; }

}  // namespace microgpt::check
