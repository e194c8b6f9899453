#include "check/text_counter.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace microgpt::check {
namespace {

constexpr std::uint64_t kOdd1 = 0x9E3779B97F4A7C15, kOdd2 = 0xD6E8FEB86659FD93;
constexpr std::size_t kFirstSlots = 1024;
constexpr int kRestBits = 24;  // of a text's hash that come from its rest

// The product of two numbers, its upper half folded onto the lower one: each bit of the result
// depends on all bits of both.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = mix(text.size() ^ kOdd1, kOdd2);
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    hash = mix(hash ^ word ^ kOdd1, kOdd2);
  }
  word = 0;
  std::ranges::copy(text, reinterpret_cast<char*>(&word));
  return mix(hash ^ word ^ kOdd2, kOdd1);
}

HashCounts::HashCounts(std::size_t most) : most_(most), slots_(kFirstSlots) {}

HashCounts::Entry& HashCounts::slot_of(std::uint64_t hash) {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].hash != 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
  return slots_[at];
}

HashCounts::Entry* HashCounts::find_or_add(std::uint64_t hash, std::uint64_t line) {
  if (hash == 0) hash = 1;
  if (sampling_ > 0 && hash >> (64 - sampling_) != 0) return nullptr;
  Entry* entry = &slot_of(hash);
  if (entry->hash == hash) return entry;
  if (size_ == most_) {
    sample(sampling_ + 1);
    return find_or_add(hash, line);
  }
  if (4 * size_ >= 3 * slots_.size()) {
    rebuild(2 * slots_.size());
    entry = &slot_of(hash);
  }
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint32_t>::max();
  *entry = {hash, 0, static_cast<std::uint32_t>(std::min(line, kLast))};
  ++size_;
  return entry;
}

void HashCounts::rebuild(std::size_t slots) {
  const std::vector<Entry> before = std::exchange(slots_, std::vector<Entry>(slots));
  for (const Entry& entry : before) {
    if (entry.hash != 0) slot_of(entry.hash) = entry;
  }
}

// In place, as there may be no memory for a second table: a slot is taken out, and what it held is
// put back if it is to stay. Entries behind a free slot could not be found, so each run of them is
// put back whole, from the first slot after a free one on.
void HashCounts::sample(int sampling) {
  if (sampling == sampling_) return;
  sampling_ = sampling;
  std::size_t start = 0;
  while (slots_[start].hash != 0) ++start;
  for (std::size_t i = 1; i <= slots_.size(); ++i) {
    const Entry entry = std::exchange(slots_[(start + i) & (slots_.size() - 1)], Entry());
    if (entry.hash == 0) continue;
    if (entry.hash >> (64 - sampling_) != 0) {
      --size_;
    } else {
      slot_of(entry.hash) = entry;
    }
  }
}

TextCounter::Seen TextCounter::add(std::uint64_t text_hash, std::uint64_t rest_hash,
                                   std::uint64_t line) {
  constexpr std::uint64_t kTextMask = ~std::uint64_t{0} >> kRestBits;
  const std::uint64_t hash = (rest_hash & ~kTextMask) | (text_hash & kTextMask);
  HashCounts::Entry* const text = texts_.find_or_add(hash, line);
  rests_.sample(texts_.sampling());
  if (text == nullptr) return {};
  if (text->times++ > 0) return {.same = text->first_line};
  HashCounts::Entry* const rest = rests_.find_or_add(rest_hash, line);
  return rest->times++ > 0 ? Seen{.similar = rest->first_line} : Seen{};
}

std::size_t TextCounter::similar() const {
  std::size_t sum = 0;
  rests_.for_each([&](const HashCounts::Entry& rest) { sum += rest.times - 1; });
  return sum;
}

}  // namespace microgpt::check
