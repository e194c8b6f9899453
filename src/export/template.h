// Programs as text: what is filled into a template.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

// The templates gpt.h.in, gpt.py.in and gpt.js.in, and gpt.d.ts.
std::string_view c_template();
std::string_view python_template();
std::string_view javascript_template();
std::string_view javascript_types();

// Puts a value in the place of "@name@", which must stand there once.
void fill(std::string& text, std::string_view name, std::string_view value);

// A macro that is decided before a C compiler sees it.
struct Macro {
  std::string_view name;
  bool defined;
};

// Leaves of a C text what the macros' #ifdef, #ifndef, #else and #endif let through; other
// conditions stay.
std::string resolve_conditions(std::string_view text, std::span<const Macro> macros);

// Gives identifiers that begin with "gpt_" another prefix, those in capitals too.
std::string with_prefix(std::string_view text, std::string_view prefix);

// The items with commas between them, in indented lines of at most 100 columns.
std::string in_lines(std::span<const std::string> items, std::size_t indentation);

// A remark as lines that can neither end a comment or string that it stands in, nor steer a
// terminal; each begins with `margin`, and an empty line comes first. Nothing for nothing.
std::string comment_lines(std::string_view remark, std::string_view margin);

}  // namespace microgpt
