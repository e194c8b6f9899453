#include "microgpt/constraint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

using State = Constraint::State;
using Table = Constraint::Table;

// How far each state is from an end: breadth first, backwards from the states that may end. Nearly
// all states of a list of banned words may; only ways out of the others are written down.
std::vector<std::uint32_t> distances(const Table& table) {
  const std::size_t n = table.end.size();
  std::vector<std::uint32_t> to_go(n, Constraint::kNever);
  std::unordered_map<State, std::vector<State>>
      before;  // a state that may not end: those before it
  std::vector<State> reached;
  for (std::size_t s = 0; s < n; ++s) {
    if (table.end[s] == Constraint::kMayEnd) to_go[s] = 0;
  }
  for (std::size_t s = 0; s < n; ++s) {
    if (to_go[s] == 0) continue;
    bool is_next = false;
    for (std::size_t c = 0; c < table.num_classes; ++c) {
      const State next = table.next[s * table.num_classes + c];
      if (next >= n || next == s) continue;
      is_next = is_next || to_go[next] == 0;
      if (to_go[next] != 0) before[next].push_back(static_cast<State>(s));
    }
    if (is_next) reached.push_back(static_cast<State>(s));
  }
  for (const State s : reached) to_go[s] = 1;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    const auto those = before.find(reached[i]);
    if (those == before.end()) continue;
    for (const State s : those->second) {
      if (to_go[s] != Constraint::kNever) continue;
      to_go[s] = to_go[reached[i]] + 1;
      reached.push_back(s);
    }
  }
  return to_go;
}

// The pairs of states that two automata can be in at once, numbered as they are met.
class Product {
 public:
  Product(const Constraint& a, const Constraint& b, std::uint32_t offset)
      : a_(a), b_(b), offset_(offset) {}

  Table make() {
    pair_classes();
    number(a_.start(), b_.start());
    for (std::size_t i = 0; i < pairs_.size(); ++i) add_row(pairs_[i]);
    const auto lost = static_cast<std::uint32_t>(pairs_.size());
    for (State& next : table_.next) {
      if (next >= kLost) next = next - kLost + lost;
    }
    return std::move(table_);
  }

 private:
  static constexpr State kLost = State{1} << 31;  // until the number of states is known

  void pair_classes() {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> numbers;
    const auto &a = a_.table().class_of, &b = b_.table().class_of;
    for (std::size_t token = 0; token < a.size(); ++token) {
      if (a[token] == Constraint::kNoClass) {
        table_.class_of.push_back(Constraint::kNoClass);
        continue;
      }
      const auto [at, is_new] =
          numbers.try_emplace({a[token], b[token]}, static_cast<std::uint32_t>(numbers.size()));
      if (is_new) classes_.push_back(at->first);
      table_.class_of.push_back(at->second);
    }
    table_.num_classes = classes_.size();
  }

  State number(State a, State b) {
    const auto [at, is_new] =
        numbers_.try_emplace(std::uint64_t{a} << 32 | b, static_cast<State>(numbers_.size()));
    if (is_new) pairs_.emplace_back(a, b);
    return at->second;
  }

  void add_row(std::pair<State, State> from) {
    const auto [a, b] = from;
    const auto next = [](const Constraint& c, State s, std::uint32_t in_class) {
      return c.table().next[s * c.table().num_classes + in_class];
    };
    for (const auto& [class_a, class_b] : classes_) {
      const State to_a = next(a_, a, class_a), to_b = next(b_, b, class_b);
      table_.next.push_back(to_a >= a_.num_states()   ? kLost + a_.reason(to_a)
                            : to_b >= b_.num_states() ? kLost + b_.reason(to_b) + offset_
                                                      : number(to_a, to_b));
    }
    table_.end.push_back(!a_.may_end(a)   ? a_.reason(a)
                         : !b_.may_end(b) ? b_.reason(b) + offset_
                                          : Constraint::kMayEnd);
  }

  const Constraint &a_, &b_;
  std::uint32_t offset_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> classes_;
  std::unordered_map<std::uint64_t, State> numbers_;
  std::vector<std::pair<State, State>> pairs_;
  Table table_;
};

enum Reason : std::uint32_t { kBegins, kEnds, kTooShort, kTooLong, kLetter };

// An automaton in which each letter is a class of its own: as large as a shape needs.
class Builder {
 public:
  Builder(const Tokenizer& tokenizer, std::size_t num_states) {
    const auto bos = static_cast<std::uint32_t>(tokenizer.bos());
    table.num_classes = tokenizer.uchars().size();
    for (std::uint32_t token = 0; token <= table.num_classes; ++token) {
      table.class_of.push_back(token == bos  ? Constraint::kNoClass
                               : token < bos ? token
                                             : token - 1);
    }
    table.next.resize(num_states * table.num_classes);
    table.end.assign(num_states, Constraint::kMayEnd);
  }

  State& next(std::size_t state, int token) {
    return at(state, table.class_of[static_cast<std::size_t>(token)]);
  }
  void set_all(std::size_t state, State to) {
    for (std::size_t c = 0; c < table.num_classes; ++c) at(state, c) = to;
  }
  void copy(std::size_t state, std::size_t from) {
    for (std::size_t c = 0; c < table.num_classes; ++c) at(state, c) = at(from, c);
  }
  State lost(Reason reason) const { return static_cast<State>(table.end.size()) + reason; }

  Table table;

 private:
  State& at(std::size_t state, std::size_t c) { return table.next[state * table.num_classes + c]; }
};

// State i: i letters of the beginning are there.
Constraint begins_with(const Tokenizer& tokenizer, std::string_view text) {
  const std::vector<int> ids = tokenizer.encode(text);
  Builder made(tokenizer, ids.size() + 1);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    made.set_all(i, made.lost(kBegins));
    made.next(i, ids[i]) = static_cast<State>(i + 1);
    made.table.end[i] = kBegins;
  }
  made.set_all(ids.size(), static_cast<State>(ids.size()));
  return Constraint(std::move(made.table));
}

// State i: the last i letters are the first i of the ending, and i is the most (Knuth, Morris and
// Pratt 1977). A letter that does not go on leads where it leads from `shorter`, the longest
// beginning of the ending that those i letters, but not all of them, end in.
Constraint ends_with(const Tokenizer& tokenizer, std::string_view text) {
  const std::vector<int> ids = tokenizer.encode(text);
  Builder made(tokenizer, ids.size() + 1);
  std::size_t shorter = 0;
  for (std::size_t i = 0; i <= ids.size(); ++i) {
    if (i > 0) made.copy(i, shorter);
    if (i == ids.size()) break;
    if (i > 0) shorter = made.next(shorter, ids[i]);
    made.next(i, ids[i]) = static_cast<State>(i + 1);
    made.table.end[i] = kEnds;
  }
  return Constraint(std::move(made.table));
}

// State i: so many letters, or more where no more need be told apart.
Constraint has_length(const Tokenizer& tokenizer, std::size_t min, std::size_t max,
                      std::size_t block_size) {
  const bool bounded = max < block_size;
  const std::size_t last = bounded ? max : min;
  Builder made(tokenizer, last + 1);
  for (std::size_t i = 0; i <= last; ++i) {
    const State full = bounded ? made.lost(kTooLong) : static_cast<State>(last);
    made.set_all(i, i < last ? static_cast<State>(i + 1) : full);
    if (i < min) made.table.end[i] = kTooShort;
  }
  return Constraint(std::move(made.table));
}

Constraint made_of(const Tokenizer& tokenizer, std::string_view letters) {
  Builder made(tokenizer, 1);
  made.set_all(0, made.lost(kLetter));
  for (const int id : tokenizer.encode(letters)) made.next(0, id) = 0;
  return Constraint(std::move(made.table));
}

void check_vocab_size(const Constraint& constraint, std::size_t expected) {
  const std::size_t got = constraint.table().class_of.size();
  if (got == expected) return;
  throw Error(fmt::format("constraint: made for another vocabulary, expected {} tokens, got {}",
                          expected, got));
}

std::size_t parse_size(std::string_view text, std::string_view whole) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(
        fmt::format("length: expected \"4..8\", \"4..\", \"..8\" or \"6\", got \"{}\"", whole));
  }
  return value;
}

}  // namespace

Constraint::Constraint(Table table) : table_(std::move(table)), to_go_(distances(table_)) {}

Constraint::State Constraint::read(std::span<const int> tokens) const {
  State state = start();
  for (const int token : tokens) {
    if (!is_bos(token)) state = next(state, token);
  }
  return state;
}

void check_vocabulary(const Constraint& constraint, const Tokenizer& tokenizer) {
  check_vocab_size(constraint, static_cast<std::size_t>(tokenizer.vocab_size()));
}

void check_has_letters(const Tokenizer& tokenizer, std::string_view what) {
  if (tokenizer.kind() != TokenKind::kByte) return;
  throw Error(
      fmt::format("{}, expected a model of code points or graphemes, got one of bytes", what));
}

Constraint both(const Constraint& a, const Constraint& b, std::uint32_t num_reasons_of_a) {
  check_vocab_size(b, a.table().class_of.size());
  return Constraint(Product(a, b, num_reasons_of_a).make());
}

void parse_length(std::string_view text, Shape& shape) {
  const std::size_t dots = text.find("..");
  const bool one = dots == std::string_view::npos;
  const std::string_view from = text.substr(0, dots), to = one ? from : text.substr(dots + 2);
  if (!one && from.empty() && to.empty()) parse_size(to, text);
  shape.min_length = from.empty() && !one ? 0 : parse_size(from, text);
  shape.max_length = to.empty() && !one ? Shape().max_length : parse_size(to, text);
}

Constraint make_constraint(const Shape& shape, const Tokenizer& tokenizer, std::size_t block_size) {
  if (shape.min_length > std::min(shape.max_length, block_size)) {
    throw Error(fmt::format("length: expected at least {} and at most {} letters, which none has",
                            shape.min_length, std::min(shape.max_length, block_size)));
  }
  const bool has_bounds = shape.min_length > 0 || shape.max_length < block_size;
  if (has_bounds) check_has_letters(tokenizer, "length: counts letters");
  if (!shape.letters.empty()) check_has_letters(tokenizer, "letters: allows letters");
  Constraint all = has_length(tokenizer, shape.min_length, shape.max_length, block_size);
  if (!shape.starts.empty()) all = both(all, begins_with(tokenizer, shape.starts));
  if (!shape.ends.empty()) all = both(all, ends_with(tokenizer, shape.ends));
  if (!shape.letters.empty()) all = both(all, made_of(tokenizer, shape.letters));
  if (all.to_go(all.start()) > block_size) {
    throw Error(fmt::format(
        "shape: no document of at most {} letters is so, expected demands that can be met together",
        block_size));
  }
  return all;
}

}  // namespace microgpt
