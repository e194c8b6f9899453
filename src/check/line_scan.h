// One document, looked at character by character.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check/character.h"
#include "check/mojibake.h"
#include "check/script.h"
#include "check/text_counter.h"

namespace microgpt::check {

// A character that does not belong where it stands.
struct Spot {
  std::size_t at;  // byte of the document, from 0
  std::size_t size;
  char32_t c;
  Oddity oddity;
};

// A letter of an alphabet that looks like the one that its word began in.
struct MixedWord {
  std::size_t at;
  char32_t c;
  Script script, former;
};

struct LineFacts {
  std::size_t code_points = 0;
  std::size_t graphemes = 0;
  std::size_t joiners_in_place = 0;
  bool may_be_no_nfc = false;
  std::uint64_t text_hash = 0;
  std::uint64_t rest_hash = 0;       // of the text without case, accents, spaces and punctuation
  std::vector<std::size_t> invalid;  // bytes that are not UTF-8
  std::vector<Mojibake> mojibake;
  std::vector<Spot> spots;  // but for those within mojibake
  std::vector<MixedWord> mixed;
};

class LineScanner {
 public:
  LineScanner();

  // Counts the characters of a document and says what it found; valid until the next call.
  const LineFacts& scan(std::string_view document, std::uint64_t line);

  const CharacterTable& characters() const { return characters_; }
  // Graphemes of several code points.
  const HashCounts& clusters() const { return clusters_; }

 private:
  struct Place {
    std::size_t at;
    char32_t c;
    Character* character;
  };

  void scan_plain(std::string_view document, std::uint64_t line, bool is_own_rest);
  void scan_any(std::string_view document, std::uint64_t line);
  void look_at(std::string_view document, const Place& place, std::size_t size);
  bool is_in_place(std::string_view document, const Place& place, std::size_t size);
  void follow_word(const Place& place);
  void follow_composition(const Character& character);
  void look_for_mojibake(std::string_view document);
  void count_graphemes(std::string_view document);

  CharacterTable characters_;
  std::array<char, 0x80> ascii_folds_{};  // of ASCII; NUL: nothing is left of it
  HashCounts clusters_;
  LineFacts facts_;
  std::string rest_;
  std::vector<Place> places_;
  // Of what came before in this document.
  const Character* before_ = nullptr;  // but for marks of no script, selectors and odd characters
  char32_t before_c_ = 0;
  char32_t last_c_ = 0;
  std::uint8_t last_class_ = 0;
  Script word_script_ = Script::kOther;
  bool word_is_mixed_ = false;
  bool may_have_mojibake_ = false;
};

}  // namespace microgpt::check
