// What a document must be: a finite automaton over tokens, from which a sampler learns what may
// come next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/tokenizer.h"

namespace microgpt {

// Which documents may be written. An automaton reads a document's tokens one by one, without BOS;
// its state knows all that matters of what was read.
class Constraint {
 public:
  using State = std::uint32_t;

  // How far a state is from a document that may end there: no way leads to one.
  static constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

  // What an automaton is made of. Tokens that it never tells apart are one class.
  struct Table {
    std::vector<std::uint32_t> class_of;  // (vocab_size): below num_classes; kNoClass for BOS
    std::size_t num_classes = 0;          // each has a token
    // (num_states, num_classes). A value of num_states or more means that the document is lost;
    // value - num_states says why, by the maker's numbers.
    std::vector<State> next;
    std::vector<std::uint32_t> end;  // (num_states): kMayEnd, or why it may not end here
  };
  static constexpr std::uint32_t kMayEnd = kNever;
  static constexpr std::uint32_t kNoClass = kNever;

  // State 0 is the start. REQUIRES: the sizes and values are as Table says.
  explicit Constraint(Table table);

  State start() const { return 0; }
  std::size_t num_states() const { return to_go_.size(); }

  // REQUIRES: token is not BOS. A lost state stays what it is.
  State next(State state, int token) const {
    if (state >= num_states()) return state;
    const std::uint32_t c = table_.class_of[static_cast<std::size_t>(token)];
    return table_.next[state * table_.num_classes + c];
  }

  // Whether a document may end here.
  bool may_end(State state) const { return to_go(state) == 0; }

  // The fewest tokens after which a document may end; kNever if none ever may.
  std::uint32_t to_go(State state) const { return state < num_states() ? to_go_[state] : kNever; }

  // Why a document may not go on, or end, here: the maker's number. REQUIRES: the state is lost, or
  // may not end.
  std::uint32_t reason(State state) const {
    return state < num_states() ? table_.end[state]
                                : state - static_cast<std::uint32_t>(num_states());
  }

  // Whether a token may come next where `room` letters still fit, itself among them: some document
  // that is allowed goes on so. BOS: whether the document may end.
  bool may_follow(State state, int token, std::size_t room) const {
    if (is_bos(token)) return may_end(state);
    return room > 0 && to_go(next(state, token)) < room;
  }

  // The state after some tokens, BOS among them passed over.
  State read(std::span<const int> tokens) const;

  const Table& table() const { return table_; }

 private:
  bool is_bos(int token) const {
    return table_.class_of[static_cast<std::size_t>(token)] == kNoClass;
  }

  Table table_;
  std::vector<std::uint32_t> to_go_;
};

// Throws Error: the constraint is for a vocabulary of another size.
void check_vocabulary(const Constraint& constraint, const Tokenizer& tokenizer);

// Throws Error: the tokens are bytes. what: the message's beginning, "policy: reads letters".
void check_has_letters(const Tokenizer& tokenizer, std::string_view what);

// Documents that both allow. Reasons are those of a, and then those of b, counted from
// num_reasons_of_a. Throws Error: they are for vocabularies of different sizes.
Constraint both(const Constraint& a, const Constraint& b, std::uint32_t num_reasons_of_a = 0);

// What a name can be asked to be. Everything is exact: see sampler.h.
struct Shape {
  std::string starts;          // what it begins with; empty: anything
  std::string ends;            // what it ends with
  std::size_t min_length = 0;  // in tokens
  std::size_t max_length = std::numeric_limits<std::size_t>::max();
  std::string letters;  // all that it may be made of; empty: anything

  bool operator==(const Shape&) const = default;
};

// "4..8", "4..", "..8" or "6" as min_length and max_length. Throws Error: it is none of these.
void parse_length(std::string_view text, Shape& shape);

// Reasons: 0 begins otherwise, 1 ends otherwise, 2 too short, 3 too long, 4 another letter.
inline constexpr std::uint32_t kShapeReasons = 5;

// Throws Error: a letter is not in the vocabulary, min_length is above max_length, a length or
// letters are asked for of a model of bytes, or no document of at most block_size tokens is so.
Constraint make_constraint(const Shape& shape, const Tokenizer& tokenizer, std::size_t block_size);

}  // namespace microgpt
