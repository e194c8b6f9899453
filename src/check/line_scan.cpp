#include "check/line_scan.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/unicode.h"

namespace microgpt::check {
namespace {

constexpr std::size_t kMostClusters = std::size_t{1} << 18;
constexpr char32_t kBlackFlag = 0x1F3F4;

// What each byte says of its document: a small letter or digit, other ASCII that can be seen or a
// space, or anything else.
constexpr unsigned char kPlainRest = 1, kOtherPlain = 2, kNotPlain = 4;
constexpr std::array<unsigned char, 256> kByteKinds = [] {
  std::array<unsigned char, 256> kinds{};
  for (unsigned c = 0; c < kinds.size(); ++c) {
    const bool rest = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    kinds[c] = rest ? kPlainRest : c >= ' ' && c < 0x7F ? kOtherPlain : kNotPlain;
  }
  return kinds;
}();

// Whether the second may go on a sequence of UTF-8 bytes that the first begins.
bool may_be_mojibake(char32_t first, char32_t second) {
  return first >= 0xC2 && first <= 0xF4 && byte_read_as(second) >> 6 == 0b10;
}

bool is_part_of_mark(const Character& character) {
  return character.kind == Kind::kMark && character.script == Script::kOther;
}

}  // namespace

LineScanner::LineScanner() : clusters_(kMostClusters) {
  for (char32_t c = 0; c < ascii_folds_.size(); ++c) {
    const std::string_view fold = characters_.folded(characters_[c]);
    ascii_folds_[c] = fold.empty() ? '\0' : fold.front();
  }
}

const LineFacts& LineScanner::scan(std::string_view document, std::uint64_t line) {
  facts_.code_points = facts_.graphemes = facts_.joiners_in_place = 0;
  facts_.may_be_no_nfc = false;
  facts_.invalid.clear();
  facts_.mojibake.clear();
  facts_.spots.clear();
  facts_.mixed.clear();
  facts_.text_hash = hash_text(document);
  unsigned kinds = 0;
  for (const char c : document) kinds |= kByteKinds[static_cast<unsigned char>(c)];
  if (kinds < kNotPlain) {
    scan_plain(document, line, kinds == kPlainRest);
  } else {
    scan_any(document, line);
  }
  return facts_;
}

// Of ASCII each character is a grapheme, and nothing can be odd.
void LineScanner::scan_plain(std::string_view document, std::uint64_t line, bool is_own_rest) {
  Character* const ascii = &characters_[0];
  for (const char c : document) {
    Character& character = ascii[static_cast<unsigned char>(c)];
    character.add(line);
    character.stood_alone = true;
  }
  facts_.code_points = facts_.graphemes = document.size();
  facts_.rest_hash = facts_.text_hash;
  if (is_own_rest) return;
  rest_.resize(document.size());
  char* end = rest_.data();
  for (const char c : document) {
    const char fold = ascii_folds_[static_cast<unsigned char>(c)];
    *end = fold;
    end += fold != '\0' ? 1 : 0;
  }
  const auto size = static_cast<std::size_t>(end - rest_.data());
  if (size > 0) facts_.rest_hash = hash_text(std::string_view(rest_).substr(0, size));
}

void LineScanner::scan_any(std::string_view document, std::uint64_t line) {
  rest_.clear();
  places_.clear();
  before_ = nullptr;
  before_c_ = last_c_ = 0;
  last_class_ = 0;
  word_script_ = Script::kOther;
  word_is_mixed_ = may_have_mojibake_ = false;
  for (std::size_t at = 0; at < document.size();) {
    const std::optional<CodePoint> c = decode_utf8(document, at);
    if (!c) {
      facts_.invalid.push_back(at++);
      continue;
    }
    Character& character = characters_[c->value];
    character.add(line);
    places_.push_back({at, c->value, &character});
    rest_ += characters_.folded(character);
    look_at(document, places_.back(), c->size);
    at += c->size;
  }
  facts_.code_points = places_.size();
  facts_.rest_hash = rest_.empty() ? facts_.text_hash : hash_text(rest_);
  if (may_have_mojibake_) look_for_mojibake(document);
  count_graphemes(document);
}

void LineScanner::look_at(std::string_view document, const Place& place, std::size_t size) {
  const Character& character = *place.character;
  follow_composition(character);
  may_have_mojibake_ = may_have_mojibake_ || may_be_mojibake(last_c_, place.c);
  if (character.oddity != Oddity::kNone) {
    if (is_in_place(document, place, size)) {
      ++facts_.joiners_in_place;
    } else {
      facts_.spots.push_back({place.at, size, place.c, character.oddity});
    }
  }
  last_c_ = place.c;
  const bool is_seen = character.oddity == Oddity::kNone || is_space(character.oddity) ||
                       windows_character(place.c) != 0;
  if (!is_seen) return;
  follow_word(place);
  if (is_part_of_mark(character)) return;
  before_ = &character;
  before_c_ = place.c;
}

// What is a part of it may be odd, and is needed to read it rightly.
void LineScanner::look_for_mojibake(std::string_view document) {
  facts_.mojibake = find_mojibake(document);
  std::erase_if(facts_.spots, [&](const Spot& spot) {
    const auto after = std::ranges::upper_bound(facts_.mojibake, spot.at, {}, &Mojibake::at);
    if (after == facts_.mojibake.begin()) return false;
    const Mojibake& before = *(after - 1);
    return spot.at < before.at + before.size;
  });
}

bool LineScanner::is_in_place(std::string_view document, const Place& place, std::size_t size) {
  const std::size_t end = place.at + size;
  const auto next = end < document.size() ? decode_utf8(document, end) : std::nullopt;
  const Character* const after = next ? &characters_[next->value] : nullptr;
  const Script script = before_ == nullptr ? Script::kOther : before_->script;
  // The alphabets that are not told apart here may join letters as well as not.
  const bool joins = before_ != nullptr && before_->kind != Kind::kOther &&
                     before_->kind != Kind::kDigit &&
                     (has_joiners(script) || script == Script::kOther);
  switch (place.character->oddity) {
    case Oddity::kJoiner:
      return joins || (before_ != nullptr && before_->pictographic && after != nullptr &&
                       after->pictographic);
    case Oddity::kNonJoiner:
      return joins;
    case Oddity::kWordSpace:
      return has_no_spaces(script);
    case Oddity::kWideSpace:
      return is_east_asian(script) || (after != nullptr && is_east_asian(after->script));
    case Oddity::kEmojiSelector:
      return before_ != nullptr && before_->takes_selector;
    case Oddity::kHanSelector:
      return script == Script::kHan || script == Script::kMyanmar ||
             (before_ != nullptr && before_->takes_selector);
    case Oddity::kMongolianSelector:
      return script == Script::kMongolian;
    case Oddity::kTag:
      return before_c_ == kBlackFlag;
    default:
      return false;
  }
}

// A word is what stands between spaces, punctuation and symbols.
void LineScanner::follow_word(const Place& place) {
  const Character& character = *place.character;
  if (character.kind == Kind::kOther) {
    word_script_ = Script::kOther;
    word_is_mixed_ = false;
  }
  if (character.kind != Kind::kLetter || !has_lookalikes(character.script)) return;
  if (word_script_ == Script::kOther) word_script_ = character.script;
  if (word_script_ == character.script || word_is_mixed_) return;
  word_is_mixed_ = true;
  facts_.mixed.push_back({place.at, place.c, character.script, word_script_});
}

// Unicode's quick check (UAX 15): a text is NFC if its combining classes are in order and no
// character needs to be composed, or may need it.
void LineScanner::follow_composition(const Character& character) {
  const std::uint8_t combining_class = character.combining_class;
  facts_.may_be_no_nfc = facts_.may_be_no_nfc || character.needs_composition ||
                         (combining_class != 0 && combining_class < last_class_);
  last_class_ = combining_class;
}

void LineScanner::count_graphemes(std::string_view document) {
  utf8proc_int32_t state = 0;
  for (std::size_t begin = 0, end; begin < places_.size(); begin = end) {
    // It ends before the first character that is not bound to the one before it.
    for (end = begin + 1; end < places_.size(); ++end) {
      if (places_[end].character->is_grapheme && places_[end - 1].character->is_grapheme) break;
      if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(places_[end - 1].c),
                                           static_cast<utf8proc_int32_t>(places_[end].c), &state)) {
        break;
      }
    }
    state = 0;
    ++facts_.graphemes;
    if (end == begin + 1) {
      places_[begin].character->stood_alone = true;
      continue;
    }
    const std::size_t first = places_[begin].at;
    const std::size_t last = end < places_.size() ? places_[end].at : document.size();
    auto* const entry = clusters_.find_or_add(hash_text(document.substr(first, last - first)), 0);
    if (entry != nullptr) ++entry->times;
  }
}

}  // namespace microgpt::check
