// How one text becomes another, line by line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

struct DiffLine {
  char sign;  // ' ' in both, '-' only in the old text, '+' only in the new one
  std::string_view text;
};

// Changes that stand close together, with the lines around them.
struct Hunk {
  std::size_t old_first, old_count;  // lines of the old text, counted from 1
  std::size_t new_first, new_count;
  std::vector<DiffLine> lines;
};

// As few changed lines as possible (a longest common subsequence, by dynamic programming: time and
// memory grow with the product of the lengths), as hunks of `diff -u` with three lines around each.
// The lines point into the texts. REQUIRES: each text is empty or ends with a line feed.
std::vector<Hunk> diff_lines(std::string_view old_text, std::string_view new_text);

// A hunk's first line, without the line feed: "@@ -1,3 +1,4 @@".
std::string hunk_header(const Hunk& hunk);

}  // namespace microgpt
