#include "microgpt/novelty.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/unicode.h"

namespace microgpt {
namespace {

// FNV-1a, and SplitMix64's finish so that all bits depend on all.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
  return hash ^ (hash >> 31);
}

// Calls f(hash) for what a text is without each of its letters.
template <class F>
void for_each_shorter(std::string_view text, F f) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    const std::size_t size = c ? c->size : 1;
    std::string shorter(text);
    f(hash_of(shorter.erase(at, size)));
    at += size;
  }
}

void sort_once(std::vector<std::uint64_t>& hashes) {
  std::ranges::sort(hashes);
  hashes.erase(std::ranges::unique(hashes).begin(), hashes.end());
}

bool has(const std::vector<std::uint64_t>& hashes, std::uint64_t hash) {
  return std::ranges::binary_search(hashes, hash);
}

}  // namespace

KnownDocuments::KnownDocuments(const Dataset& dataset) {
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    whole_.push_back(hash_of(dataset[i]));
    for_each_shorter(dataset[i], [&](std::uint64_t hash) { without_.push_back(hash); });
  }
  sort_once(whole_);
  sort_once(without_);
}

// Two texts that are the same after each has lost a letter differ in a letter that was replaced or
// moved.
Novelty KnownDocuments::novelty_of(std::string_view text) const {
  const std::uint64_t hash = hash_of(text);
  if (has(whole_, hash)) return Novelty::kCopy;
  if (has(without_, hash)) return Novelty::kNearCopy;
  bool near = false;
  for_each_shorter(text, [&](std::uint64_t shorter) {
    near = near || has(whole_, shorter) || has(without_, shorter);
  });
  return near ? Novelty::kNearCopy : Novelty::kNew;
}

}  // namespace microgpt
