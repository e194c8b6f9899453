#include "base/similar.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace microgpt {
namespace {

constexpr std::size_t kSimilar = 3;

// How many letters to insert, delete or replace to make one of the other (Levenshtein 1966).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> similar_names(std::string_view name,
                                       std::span<const std::string> candidates) {
  std::vector<std::pair<std::size_t, std::size_t>> near;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    near.emplace_back(distance(name, candidates[i]), i);
  }
  const std::size_t shown = std::min(kSimilar, near.size());
  std::ranges::partial_sort(near, near.begin() + static_cast<std::ptrdiff_t>(shown));
  std::vector<std::string> similar;
  for (std::size_t i = 0; i < shown; ++i) similar.push_back(candidates[near[i].second]);
  return similar;
}

}  // namespace microgpt
