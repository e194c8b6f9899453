#include "guardrails/symbols.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/unicode.h"

namespace microgpt::guardrails {
namespace {

struct Likeness {
  char32_t sign;
  std::u32string_view letters;  // each of which it can stand for
};

constexpr Likeness kDigits[] = {
    {U'0', U"o"}, {U'1', U"il"}, {U'2', U"z"}, {U'3', U"e"}, {U'4', U"a"},
    {U'5', U"s"}, {U'6', U"bg"}, {U'7', U"t"}, {U'8', U"b"}, {U'9', U"g"},
};

// Signs; capitals that look like another letter than their small ones do; and small letters of the
// Greek, Cyrillic and Armenian alphabets and of Latin's own fringes that are drawn as a letter from
// a to z. All other capitals get here as small letters.
constexpr Likeness kLookalikes[] = {
    {U'@', U"a"},      {U'$', U"s"},       {U'!', U"il"},      {U'|', U"il"},     {U'+', U"t"},
    {U'(', U"c"},      {U'<', U"c"},       {U'I', U"l"},       {U'\u0396', U"z"}, {U'\u0397', U"h"},
    {U'\u039C', U"m"}, {U'\u039D', U"n"},  {U'\u03BC', U"mu"}, {U'\u054D', U"u"}, {U'\u054F', U"s"},
    {U'\u00A1', U"i"}, {U'\u00A2', U"c"},  {U'\u00A3', U"l"},  {U'\u20AC', U"e"}, {U'\u00F8', U"o"},
    {U'\u0111', U"d"}, {U'\u0131', U"i"},  {U'\u0142', U"l"},  {U'\u0251', U"a"}, {U'\u0261', U"g"},
    {U'\u0269', U"i"}, {U'\u03B1', U"a"},  {U'\u03B2', U"b"},  {U'\u03B5', U"e"}, {U'\u03B7', U"n"},
    {U'\u03B9', U"i"}, {U'\u03BA', U"k"},  {U'\u03BD', U"v"},  {U'\u03BF', U"o"}, {U'\u03C1', U"p"},
    {U'\u03C4', U"t"}, {U'\u03C5', U"uy"}, {U'\u03C7', U"x"},  {U'\u0430', U"a"}, {U'\u0432', U"b"},
    {U'\u0435', U"e"}, {U'\u043A', U"k"},  {U'\u043C', U"m"},  {U'\u043D', U"h"}, {U'\u043E', U"o"},
    {U'\u0440', U"p"}, {U'\u0441', U"c"},  {U'\u0442', U"t"},  {U'\u0443', U"y"}, {U'\u0445', U"x"},
    {U'\u0455', U"s"}, {U'\u0456', U"i"},  {U'\u0458', U"j"},  {U'\u04AF', U"y"}, {U'\u04BB', U"h"},
    {U'\u04CF', U"l"}, {U'\u0501', U"d"},  {U'\u051B', U"q"},  {U'\u051D', U"w"}, {U'\u0570', U"h"},
    {U'\u0578', U"n"}, {U'\u057D', U"u"},  {U'\u0585', U"o"},
};

template <std::size_t N>
std::u32string_view letters_like(const Likeness (&table)[N], char32_t c) {
  const auto at = std::ranges::find(table, c, &Likeness::sign);
  return at == std::end(table) ? std::u32string_view() : at->letters;
}

enum class Kind { kLetter, kMark, kFormat, kOther };

// Letters by their category that nobody sees: Hangul's fillers, and Arabic's tatweel, which makes a
// word longer and nothing else.
bool is_filler(char32_t c) {
  return c == U'\u115F' || c == U'\u1160' || c == U'\u3164' || c == U'\uFFA0' || c == U'\u0640';
}

Kind kind_of(char32_t c) {
  if (is_filler(c)) return Kind::kFormat;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Kind::kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::kMark;
    case UTF8PROC_CATEGORY_CF:
      return Kind::kFormat;
    default:
      return Kind::kOther;
  }
}

bool stands_between_words(char32_t c) {
  return kind_of(c) == Kind::kOther || kind_of(c) == Kind::kFormat;
}

// Appends what utf8proc makes of a character.
void append_mapped(std::u32string& text, char32_t c, int options) {
  std::array<utf8proc_int32_t, 32> made{};  // the longest decomposition has 18
  int bound_class = UTF8PROC_BOUNDCLASS_START;
  const auto size =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), made.data(), made.size(),
                              static_cast<utf8proc_option_t>(options), &bound_class);
  if (size < 0) {
    text += c;
  } else {
    text.append(made.begin(), made.begin() + std::min<std::ptrdiff_t>(size, made.size()));
  }
}

// A character in the forms letter_case and accents: what NFKD and case folding make of it, without
// marks. Marks go first: case folding would make a letter of the Greek iota subscript.
std::u32string folded(char32_t c, const NormalForms& forms) {
  const int plain = forms.accents ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK : 0;
  std::u32string letters, small;
  append_mapped(letters, c, plain);
  if (!forms.letter_case) return letters;
  for (const char32_t letter : letters) append_mapped(small, letter, plain | UTF8PROC_CASEFOLD);
  return small;
}

void add(Symbol& symbol, std::u32string spelling) {
  if (std::ranges::find(symbol.spellings, spelling) == symbol.spellings.end()) {
    symbol.spellings.push_back(std::move(spelling));
  }
}

void add_likenesses(Symbol& symbol, char32_t c, const NormalForms& forms) {
  if (forms.digits) {
    for (const char32_t letter : letters_like(kDigits, c)) add(symbol, std::u32string(1, letter));
  }
  if (forms.lookalikes) {
    for (const char32_t letter : letters_like(kLookalikes, c)) {
      add(symbol, std::u32string(1, letter));
    }
  }
}

}  // namespace

Symbol symbol_of(char32_t c, const NormalForms& forms) {
  const Kind kind = kind_of(c);
  Symbol symbol;
  symbol.ignored = forms.accents && (kind == Kind::kMark || kind == Kind::kFormat);
  if (symbol.ignored) return symbol;
  symbol.separator = stands_between_words(c);
  const std::u32string whole = folded(c, forms);
  std::u32string plain = whole;
  if (forms.separators || !symbol.separator) std::erase_if(plain, stands_between_words);
  if (!plain.empty()) add(symbol, plain);
  add_likenesses(symbol, c, forms);
  if (whole.size() == 1) add_likenesses(symbol, whole[0], forms);
  symbol.ignored = symbol.spellings.empty() && !symbol.separator;  // a letter made of marks only
  return symbol;
}

std::u32string letters_of(std::string_view text, const NormalForms& forms) {
  std::u32string letters;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = *decode_utf8(text, at);
    letters += folded(c.value, forms);
    at += c.size;
  }
  std::erase_if(letters, [&](char32_t c) {
    return forms.separators ? stands_between_words(c)
                            : forms.accents && kind_of(c) == Kind::kFormat;
  });
  return letters;
}

bool has_separator(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = *decode_utf8(text, at);
    if (kind_of(c.value) == Kind::kOther) return true;
    at += c.size;
  }
  return false;
}

}  // namespace microgpt::guardrails
