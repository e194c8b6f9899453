// Reads a text character by character and knows which banned words have begun in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "guardrails/symbols.h"
#include "microgpt/policy.h"

namespace microgpt::guardrails {

// A nondeterministic automaton: three tries of banned words, one for each Match, of which any
// number of nodes are active at once, and a trie of the allowed words. forbid() makes a
// deterministic one of it.
class Matcher {
 public:
  explicit Matcher(const Policy& policy);

  // All that matters of what was read.
  struct State {
    std::vector<std::uint32_t> active;  // nodes of banned words that have begun, in order
    std::uint32_t allowed = kNone;      // the node of the allowed word that the text's word may be
    std::uint32_t pending = kNone;      // a banned word in it, excused if it is that word

    bool operator==(const State&) const = default;
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // Marks an active node of a whole word that was complete, and excused, when a word of the text
  // ended: it can be read on, but does not end there a second time.
  static constexpr std::uint32_t kExcused = std::uint32_t{1} << 31;

  State start() const;

  // Reads one character. Returns the banned word that it completes beyond excuse, if it does.
  std::optional<std::uint32_t> step(State& state, const Symbol& symbol) const;

  // The banned word that the end of the text completes.
  std::optional<std::uint32_t> at_end(const State& state) const;

  std::size_t num_nodes() const { return nodes_.size(); }

  // The most letters of a banned word that the text ends in.
  std::size_t started(const State& state) const;

  // Whether a letter stands in any word.
  bool knows(char32_t letter) const { return letters_.contains(letter); }

  // Whether all that matters are the active nodes, so that a letter that is none of
  // for_each_letter's leads where it would lead without the node: the text is in the middle of a
  // word, with nothing allowed or pending.
  bool is_inside(const State& state) const {
    return state.allowed == kNone && state.pending == kNone &&
           (state.active.empty() || state.active.front() >= kNumRoots);
  }

  // Takes the active node with most letters out. REQUIRES: there is one.
  std::uint32_t drop_deepest(State& state) const;

  // Calls f(letter) for each letter that leads from a node to one or keeps it active.
  template <class F>
  void for_each_letter(std::uint32_t node, F f) const {
    f(nodes_[node].letter);
    for (std::uint32_t child = nodes_[node].first_child; child != kNone;
         child = nodes_[child].sibling) {
      f(nodes_[child].letter);
    }
  }

 private:
  struct Node {
    char32_t letter;
    Match match;
    std::uint32_t depth;
    std::uint32_t word = kNone;  // that ends here
    std::uint32_t first_child = kNone, sibling = kNone;
  };

  // The first nodes. A substring may begin anywhere, so that its root is always active and never
  // listed; the others are while a word of the text may begin.
  static constexpr std::uint32_t kSubstrings = 0, kPrefixes = 1, kWords = 2, kAllowed = 3;
  static constexpr std::uint32_t kNumRoots = 4;

  void add(std::uint32_t root, std::u32string_view letters, std::uint32_t word);
  std::uint32_t child(std::uint32_t node, char32_t letter) const;
  void add_boundary(std::vector<std::uint32_t>& active) const;
  void read_letter(const std::vector<std::uint32_t>& active, char32_t letter,
                   std::vector<std::uint32_t>& next, std::optional<std::uint32_t>& found) const;
  void read_spelling(const std::vector<std::uint32_t>& active, std::u32string_view spelling,
                     std::vector<std::uint32_t>& next, std::optional<std::uint32_t>& found) const;
  bool completes_word(std::uint32_t at) const;
  std::optional<std::uint32_t> end_word(const State& state) const;

  NormalForms forms_;
  std::vector<Node> nodes_;
  std::unordered_map<std::uint64_t, std::uint32_t> children_;  // by node and letter
  std::unordered_set<char32_t> letters_;
};

}  // namespace microgpt::guardrails
