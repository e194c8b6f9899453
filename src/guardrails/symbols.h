// How a character can be read when spellings are compared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "microgpt/policy.h"

namespace microgpt::guardrails {

// All the ways to read one character of a text. A sign such as $ can be a letter and a separator.
struct Symbol {
  std::vector<std::u32string> spellings;  // letters that it can stand for, mostly one
  bool separator = false;                 // it can stand between words
  bool ignored = false;                   // it is passed over: a mark, a character without a shape

  auto operator<=>(const Symbol&) const = default;
};

// The first spelling of a letter or digit is the plain one: the character itself, in the forms
// `letter_case` and `accents`. A separator is a letter too where `separators` is off: then it has
// to stand in a banned word as it does in a text.
Symbol symbol_of(char32_t c, const NormalForms& forms);

// The letters of a banned or allowed word, in the forms `letter_case` and `accents`. What is no
// letter or digit is dropped with `separators`, and kept without. REQUIRES: text is UTF-8.
std::u32string letters_of(std::string_view text, const NormalForms& forms);

// Whether a text has a character between words, and so is more than one. REQUIRES: it is UTF-8.
bool has_separator(std::string_view text);

}  // namespace microgpt::guardrails
