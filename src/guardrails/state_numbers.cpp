#include "guardrails/state_numbers.h"

#include <algorithm>

namespace microgpt::guardrails {
namespace {

// Each value is mixed in by SplitMix64's multiplier and a shift.
std::size_t hash_of(std::span<const std::uint32_t> key) {
  std::uint64_t hash = key.size();
  for (const std::uint32_t value : key) {
    hash = (hash ^ value) * 0xBF58476D1CE4E5B9;
    hash ^= hash >> 29;
  }
  return static_cast<std::size_t>(hash);
}

}  // namespace

void StateNumbers::set_scratch(const Matcher::State& state) {
  scratch_.assign({state.allowed, state.pending});
  scratch_.insert(scratch_.end(), state.active.begin(), state.active.end());
}

std::size_t StateNumbers::slot_of_scratch() const {
  std::size_t slot = hash_of(scratch_) & (slots_.size() - 1);
  while (slots_[slot] != Matcher::kNone && !std::ranges::equal(key(slots_[slot]), scratch_)) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

std::optional<std::uint32_t> StateNumbers::find(const Matcher::State& state) {
  set_scratch(state);
  const std::uint32_t number = slots_[slot_of_scratch()];
  if (number == Matcher::kNone) return std::nullopt;
  return number;
}

std::uint32_t StateNumbers::number(const Matcher::State& state) {
  set_scratch(state);
  if (2 * size() >= slots_.size()) grow();
  std::uint32_t& slot = slots_[slot_of_scratch()];
  if (slot != Matcher::kNone) return slot;
  slot = static_cast<std::uint32_t>(size());
  keys_.insert(keys_.end(), scratch_.begin(), scratch_.end());
  begins_.push_back(keys_.size());
  return slot;
}

Matcher::State StateNumbers::operator[](std::uint32_t number) const {
  const auto k = key(number);
  return {{k.begin() + 2, k.end()}, k[0], k[1]};
}

void StateNumbers::grow() {
  slots_.assign(2 * slots_.size(), Matcher::kNone);
  for (std::uint32_t number = 0; number < size(); ++number) {
    std::size_t slot = hash_of(key(number)) & (slots_.size() - 1);
    while (slots_[slot] != Matcher::kNone) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = number;
  }
}

}  // namespace microgpt::guardrails
