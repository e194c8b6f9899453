// What a check knows of each character: looked up once, then kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "check/script.h"

namespace microgpt::check {

enum class Kind : std::uint8_t { kOther, kLetter, kMark, kDigit };

// Why a character may be out of place. Those from kJoiner on depend on what stands around them.
enum class Oddity : std::uint8_t {
  kNone,
  kNul,
  kControl,
  kInvisible,
  kSpace,        // white space, but no plain space
  kReplacement,  // U+FFFD
  kJoiner,       // ZWJ: in emoji and in scripts that join letters
  kNonJoiner,    // ZWNJ: in such scripts
  kWordSpace,    // zero width space: in scripts without spaces
  kWideSpace,    // of East Asia
  kEmojiSelector,
  kHanSelector,
  kMongolianSelector,
  kTag,  // of a flag
};

inline bool is_space(Oddity oddity) {
  return oddity == Oddity::kSpace || oddity == Oddity::kWideSpace;
}

struct Character {
  // How often it occurs, and the lines of the first two.
  std::uint64_t count = 0;
  std::array<std::uint64_t, 2> first_lines{};
  std::uint32_t fold_begin = 0;
  std::uint8_t fold_size = 0;
  Script script = Script::kOther;
  Kind kind = Kind::kOther;
  Oddity oddity = Oddity::kNone;
  std::uint8_t combining_class = 0;
  bool known = false;              // what is here was looked up
  bool pictographic = false;       // an emoji, or a skin tone
  bool takes_selector = false;     // may be shown as an emoji or as text
  bool is_grapheme = true;         // whatever stands around it
  bool needs_composition = false;  // is no NFC, or may not be after what stands before it
  bool stood_alone = false;        // it was a grapheme of its own

  void add(std::uint64_t line) {
    if (count < first_lines.size()) first_lines[count] = line;
    ++count;
  }
};

// All code points, in pages that are made when they are asked for.
class CharacterTable {
 public:
  // REQUIRES: c is a Unicode scalar value.
  Character& operator[](char32_t c) {
    auto& page = pages_[c / kPage];
    if (!page) page = std::make_unique<std::array<Character, kPage>>();
    Character& character = (*page)[c % kPage];
    if (!character.known) look_up(c, character);
    return character;
  }

  // What is left of a character when case, accents, spaces and punctuation do not matter, in UTF-8.
  std::string_view folded(const Character& character) const {
    return std::string_view(folds_).substr(character.fold_begin, character.fold_size);
  }

  // Calls f(code point, character) for each that occurs.
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      if (!pages_[i]) continue;
      for (std::size_t k = 0; k < kPage; ++k) {
        const Character& character = (*pages_[i])[k];
        if (character.count > 0) f(static_cast<char32_t>(i * kPage + k), character);
      }
    }
  }

 private:
  static constexpr std::size_t kPage = 256;

  void look_up(char32_t c, Character& character);

  std::array<std::unique_ptr<std::array<Character, kPage>>, 0x110000 / kPage> pages_;
  std::string folds_;
};

// Whether a code point can follow another and make one with it in NFC: Unicode's NFC_QC=Maybe.
bool is_composed_with_former(char32_t c);

// "U+200B zero width space"
std::string name_of_oddity(char32_t c);

}  // namespace microgpt::check
