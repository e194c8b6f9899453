// Numbers for the states of a matcher, in the order in which they are met.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "guardrails/matcher.h"

namespace microgpt::guardrails {

// A hash table without nodes: a large list of words has millions of states.
class StateNumbers {
 public:
  // The state's number: size() before the call if it is new.
  std::uint32_t number(const Matcher::State& state);

  // The same, or nothing if the state is new.
  std::optional<std::uint32_t> find(const Matcher::State& state);

  std::size_t size() const { return begins_.size() - 1; }

  // How many active nodes all of them have together, and two more for each.
  std::size_t num_active() const { return keys_.size(); }

  Matcher::State operator[](std::uint32_t number) const;

 private:
  std::span<const std::uint32_t> key(std::uint32_t number) const {
    return {keys_.data() + begins_[number], begins_[number + 1] - begins_[number]};
  }
  // Where the state in scratch_ is, or belongs.
  std::size_t slot_of_scratch() const;
  void set_scratch(const Matcher::State& state);
  void grow();

  std::vector<std::uint32_t> keys_;  // of all states, one behind the other
  std::vector<std::size_t> begins_ = {0};
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(64, Matcher::kNone);
  std::vector<std::uint32_t> scratch_;
};

}  // namespace microgpt::guardrails
