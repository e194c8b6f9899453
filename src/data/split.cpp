#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "microgpt/dataset.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

// For each document the number of its text: texts are counted as they first appear.
std::vector<std::size_t> number_texts(const Dataset& dataset) {
  std::unordered_map<std::string_view, std::size_t> numbers;
  std::vector<std::size_t> text_of(dataset.size());
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    text_of[i] = numbers.try_emplace(dataset[i], numbers.size()).first->second;
  }
  return text_of;
}

// Which of so many texts are held out.
std::vector<bool> draw_texts(std::size_t num_texts, double share, std::uint64_t seed) {
  const auto count = static_cast<std::size_t>(std::round(share * static_cast<double>(num_texts)));
  std::vector<std::size_t> texts(num_texts);
  for (std::size_t t = 0; t < num_texts; ++t) texts[t] = t;
  PythonRandom random(seed);
  random.shuffle(std::span(texts));
  texts.resize(std::clamp(count, std::size_t{1}, num_texts - 1));
  std::vector<bool> held_out(num_texts);
  for (const std::size_t t : texts) held_out[t] = true;
  return held_out;
}

// Holds out a share of the texts. text_of: the text of each document, counted from 0.
Split deal_out(const Dataset& dataset, const std::vector<std::size_t>& text_of, double share,
               std::uint64_t seed) {
  const std::size_t num_texts = *std::ranges::max_element(text_of) + 1;
  if (num_texts < 2) {
    throw Error("split: expected documents that differ, got the same text in all of them");
  }
  const std::vector<bool> is_held_out = draw_texts(num_texts, share, seed);
  std::vector<std::size_t> train, held_out;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    (is_held_out[text_of[i]] ? held_out : train).push_back(i);
  }
  return {dataset.subset(train), dataset.subset(held_out)};
}

void check_split(const Dataset& dataset, double share) {
  if (!(share > 0 && share < 1)) {
    throw Error(
        fmt::format("split: share out of range, expected above 0 and below 1, got {}", share));
  }
  if (dataset.sequences() != Sequences::kDocuments) {
    throw Error("split: expected documents, one a line, got one running text");
  }
}

}  // namespace

Split split_documents(const Dataset& dataset, double share, std::uint64_t seed) {
  check_split(dataset, share);
  return deal_out(dataset, number_texts(dataset), share, seed);
}

Split split_rows(const Dataset& dataset, double share, std::uint64_t seed) {
  check_split(dataset, share);
  std::vector<std::size_t> rows(dataset.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return deal_out(dataset, rows, share, seed);
}

}  // namespace microgpt
