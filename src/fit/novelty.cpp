#include "microgpt/novelty.h"

#include <algorithm>
#include <cstddef>

#include "base/unicode.h"

namespace microgpt {
namespace {

// A text is the polynomial sum_i (b_i + 1) kBase^(n - 1 - i) of its bytes, modulo 2^64 (Karp and
// Rabin): what it is without some bytes follows from its beginnings.
constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15;

std::uint64_t extended(std::uint64_t polynomial, char byte) {
  return polynomial * kBase + static_cast<unsigned char>(byte) + 1;
}

// SplitMix64's finish: all bits depend on all.
std::uint64_t mixed(std::uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
  return hash ^ (hash >> 31);
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t polynomial = 0;
  for (const char c : text) polynomial = extended(polynomial, c);
  return mixed(polynomial);
}

// Calls f(hash) for what a text is without each of its letters. With p(i) the polynomial of the
// first i bytes, the text without those from a up to b, with r bytes after them, has
// p(a) kBase^r + (p(n) - p(b) kBase^r).
template <class F>
void for_each_shorter(std::string_view text, F f) {
  std::vector<std::size_t> borders = {0};
  std::vector<std::uint64_t> polynomials = {0};
  for (std::size_t at = 0; at < text.size(); borders.push_back(at)) {
    const auto c = decode_utf8(text, at);
    std::uint64_t polynomial = polynomials.back();
    for (const std::size_t end = at + (c ? c->size : 1); at < end; ++at) {
      polynomial = extended(polynomial, text[at]);
    }
    polynomials.push_back(polynomial);
  }
  std::uint64_t power = 1;  // kBase^r
  for (std::size_t i = borders.size() - 1; i > 0; --i) {
    f(mixed((polynomials[i - 1] - polynomials[i]) * power + polynomials.back()));
    for (std::size_t b = borders[i - 1]; b < borders[i]; ++b) power *= kBase;
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
