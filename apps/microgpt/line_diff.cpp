#include "line_diff.h"

#include <fmt/format.h>

#include <algorithm>

namespace microgpt {
namespace {

constexpr std::size_t kContext = 3;

using LineViews = std::vector<std::string_view>;

LineViews split_lines(std::string_view text) {
  LineViews lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// common[i][j] is the length of the longest common subsequence of a from i on and b from j on.
std::vector<std::vector<std::size_t>> common_lengths(const LineViews& a, const LineViews& b) {
  std::vector common(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i][j] =
          a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  return common;
}

// Both texts in one list.
std::vector<DiffLine> merge(const LineViews& a, const LineViews& b) {
  const auto common = common_lengths(a, b);
  std::vector<DiffLine> merged;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      merged.push_back({' ', a[i++]});
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      merged.push_back({'-', a[i++]});
    } else {
      merged.push_back({'+', b[j++]});
    }
  }
  return merged;
}

// Of an empty range diff names the line before it.
std::string range(std::size_t first, std::size_t count) {
  if (count == 1) return std::to_string(first);
  return fmt::format("{},{}", count == 0 ? first - 1 : first, count);
}

}  // namespace

std::vector<Hunk> diff_lines(std::string_view old_text, std::string_view new_text) {
  const std::vector<DiffLine> merged = merge(split_lines(old_text), split_lines(new_text));
  std::vector<Hunk> hunks;
  std::size_t old_line = 1, new_line = 1, end = 0;  // the last hunk reaches up to merged[end]
  for (std::size_t i = 0; i < merged.size(); ++i) {
    // Whether a change stands so near that its context reaches this line.
    const auto first = merged.begin() + static_cast<std::ptrdiff_t>(i - std::min(i, kContext));
    const auto last =
        merged.begin() + static_cast<std::ptrdiff_t>(std::min(merged.size(), i + kContext + 1));
    const bool shown = std::any_of(first, last, [](const DiffLine& l) { return l.sign != ' '; });
    if (shown && (hunks.empty() || end != i)) hunks.push_back({old_line, 0, new_line, 0, {}});
    const bool in_old = merged[i].sign != '+', in_new = merged[i].sign != '-';
    if (shown) {
      hunks.back().lines.push_back(merged[i]);
      hunks.back().old_count += in_old;
      hunks.back().new_count += in_new;
      end = i + 1;
    }
    old_line += in_old;
    new_line += in_new;
  }
  return hunks;
}

std::string hunk_header(const Hunk& hunk) {
  return fmt::format("@@ -{} +{} @@", range(hunk.old_first, hunk.old_count),
                     range(hunk.new_first, hunk.new_count));
}

}  // namespace microgpt
