#include "check/character.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "base/unicode.h"
#include "check/text_form.h"

namespace microgpt::check {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], char32_t c) {
  const auto range = std::ranges::lower_bound(ranges, c, {}, &Range::last);
  return range != std::end(ranges) && range->first <= c;
}

// The second halves of all canonical compositions of Unicode 14.0.
constexpr Range kSecondHalves[] = {
    {0x0300, 0x0304},   {0x0306, 0x030C},   {0x030F, 0x030F},   {0x0311, 0x0311},
    {0x0313, 0x0314},   {0x031B, 0x031B},   {0x0323, 0x0328},   {0x032D, 0x032E},
    {0x0330, 0x0331},   {0x0338, 0x0338},   {0x0342, 0x0342},   {0x0345, 0x0345},
    {0x0653, 0x0655},   {0x093C, 0x093C},   {0x09BE, 0x09BE},   {0x09D7, 0x09D7},
    {0x0B3E, 0x0B3E},   {0x0B56, 0x0B57},   {0x0BBE, 0x0BBE},   {0x0BD7, 0x0BD7},
    {0x0C56, 0x0C56},   {0x0CC2, 0x0CC2},   {0x0CD5, 0x0CD6},   {0x0D3E, 0x0D3E},
    {0x0D57, 0x0D57},   {0x0DCA, 0x0DCA},   {0x0DCF, 0x0DCF},   {0x0DDF, 0x0DDF},
    {0x102E, 0x102E},   {0x1161, 0x1175},   {0x11A8, 0x11C2},   {0x1B35, 0x1B35},
    {0x3099, 0x309A},   {0x110BA, 0x110BA}, {0x11127, 0x11127}, {0x1133E, 0x1133E},
    {0x11357, 0x11357}, {0x114B0, 0x114B0}, {0x114BA, 0x114BA}, {0x114BD, 0x114BD},
    {0x115AF, 0x115AF}, {0x11930, 0x11930},
};

// Marks that are written over a letter or left out, without making another letter of it: accents,
// points of Hebrew and Arabic. Vowel signs of Indic scripts are no such marks.
constexpr Range kAccents[] = {
    {0x0300, 0x036F},
    {0x0591, 0x05C7},
    {0x064B, 0x065F},
    {0x0670, 0x0670},
};

constexpr Range kInvisible[] = {
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x200E, 0x200F},    // left-to-right and right-to-left mark
    {0x202A, 0x202E},    // bidirectional embedding and override
    {0x2060, 0x206F},    // word joiner, invisible operators, bidirectional isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF9, 0xFFFB},    // annotations
    {0x1D173, 0x1D17A},  // of musical notation
};

struct Name {
  char32_t c;
  const char* name;
};

constexpr Name kCharacterNames[] = {
    {0x0009, "tab"},
    {0x00A0, "no-break space"},
    {0x00AD, "soft hyphen"},
    {0x061C, "Arabic letter mark"},
    {0x200B, "zero width space"},
    {0x200C, "zero width non-joiner"},
    {0x200D, "zero width joiner"},
    {0x200E, "left-to-right mark"},
    {0x200F, "right-to-left mark"},
    {0x2028, "line separator"},
    {0x2029, "paragraph separator"},
    {0x202F, "narrow no-break space"},
    {0x2060, "word joiner"},
    {0x3000, "ideographic space"},
    {0x3164, "Hangul filler"},
    {0xFEFF, "byte order mark"},
    {0xFFFD, "replacement character"},
};

Oddity oddity_of(char32_t c) {
  if (c == 0) return Oddity::kNul;
  if (c == U' ') return Oddity::kNone;
  if (c == 0x3000) return Oddity::kWideSpace;
  if (is_python_space(c)) return Oddity::kSpace;
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return Oddity::kControl;
  if (c < 0xA0) return Oddity::kNone;
  if (c == 0x200B) return Oddity::kWordSpace;
  if (c == 0x200C) return Oddity::kNonJoiner;
  if (c == 0x200D) return Oddity::kJoiner;
  if (c == 0xFE0E || c == 0xFE0F) return Oddity::kEmojiSelector;
  if ((c >= 0xFE00 && c < 0xFE0E) || (c >= 0xE0100 && c <= 0xE01EF)) return Oddity::kHanSelector;
  if (c >= 0x180B && c <= 0x180F) return Oddity::kMongolianSelector;
  if (c >= 0xE0020 && c <= 0xE007F) return Oddity::kTag;
  if (c == 0xFFFD) return Oddity::kReplacement;
  return is_in(kInvisible, c) ? Oddity::kInvisible : Oddity::kNone;
}

Kind kind_of(utf8proc_category_t category) {
  switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Kind::kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::kMark;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Kind::kDigit;
    default:
      return Kind::kOther;
  }
}

bool is_symbol(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO;
}

bool is_punctuation(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

// The code points that utf8proc makes of one. The longest decomposition has 18.
std::u32string mapped(char32_t c, int options) {
  std::array<utf8proc_int32_t, 32> made{};
  int bound_class = UTF8PROC_BOUNDCLASS_START;
  const auto size =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), made.data(), made.size(),
                              static_cast<utf8proc_option_t>(options), &bound_class);
  if (size < 0 || static_cast<std::size_t>(size) > made.size()) return std::u32string(1, c);
  return {made.begin(), made.begin() + size};
}

// Whether a fold leaves a character out.
bool folds_away(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return is_in(kAccents, c) || is_punctuation(category) || is_python_space(c) ||
         category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         (c >= 0xFE00 && c <= 0xFE0F);
}

std::string folded_text(char32_t c) {
  std::string text;
  for (const char32_t part : mapped(c, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD)) {
    if (!folds_away(part)) append_utf8(text, part);
  }
  return text;
}

// A character that NFC replaces, as it does the Kelvin sign with K.
bool is_replaced_by_nfc(char32_t c) {
  std::string text;
  append_utf8(text, c);
  return to_nfc(text) != text;
}

// Emoji, and what stands where new ones are put.
bool is_pictographic(char32_t c, const utf8proc_property_t& property) {
  return property.boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
         (c >= 0x1F000 && c <= 0x1FAFF);
}

}  // namespace

bool is_composed_with_former(char32_t c) { return is_in(kSecondHalves, c); }

void CharacterTable::look_up(char32_t c, Character& character) {
  const utf8proc_property_t& property = *utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  const auto category = static_cast<utf8proc_category_t>(property.category);
  character.script = script_of(c);
  character.kind = kind_of(category);
  character.oddity = oddity_of(c);
  character.combining_class = static_cast<std::uint8_t>(property.combining_class);
  character.pictographic = is_pictographic(c, property);
  character.takes_selector = is_symbol(category) || character.pictographic || c == U'#' ||
                             c == U'*' || (c >= U'0' && c <= U'9') || is_punctuation(category);
  character.is_grapheme = property.boundclass == UTF8PROC_BOUNDCLASS_OTHER;
  character.needs_composition = is_composed_with_former(c) || is_replaced_by_nfc(c);
  const std::string fold = folded_text(c);
  character.fold_begin = static_cast<std::uint32_t>(folds_.size());
  character.fold_size = static_cast<std::uint8_t>(fold.size());
  folds_ += fold;
  character.known = true;
}

std::string name_of_oddity(char32_t c) {
  const auto name = std::ranges::find(kCharacterNames, c, &Name::c);
  const std::string number = fmt::format("U+{:04X}", static_cast<std::uint32_t>(c));
  return name == std::end(kCharacterNames) ? number : fmt::format("{} {}", number, name->name);
}

}  // namespace microgpt::check
