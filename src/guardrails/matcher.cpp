#include "guardrails/matcher.h"

#include <algorithm>

namespace microgpt::guardrails {
namespace {

std::uint64_t key_of(std::uint32_t node, char32_t letter) {
  return std::uint64_t{node} << 32 | letter;
}

void make_set(std::vector<std::uint32_t>& nodes) {
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
}

}  // namespace

Matcher::Matcher(const Policy& policy) : forms_(policy.normal_forms) {
  for (const Match match : {Match::kSubstring, Match::kPrefix, Match::kWord, Match::kWord}) {
    nodes_.push_back({0, match, 0});
  }
  for (std::size_t i = 0; i < policy.words.size(); ++i) {
    const auto& [text, match, language] = policy.words[i];
    const std::uint32_t root = match == Match::kSubstring ? kSubstrings
                               : match == Match::kPrefix  ? kPrefixes
                                                          : kWords;
    add(root, letters_of(text, forms_), static_cast<std::uint32_t>(i));
  }
  for (const std::string& text : policy.allow) add(kAllowed, letters_of(text, forms_), 0);
}

void Matcher::add(std::uint32_t root, std::u32string_view letters, std::uint32_t word) {
  std::uint32_t at = root;
  for (const char32_t letter : letters) {
    const auto made = static_cast<std::uint32_t>(nodes_.size());
    const auto [next, is_new] = children_.try_emplace(key_of(at, letter), made);
    if (is_new) {
      nodes_.push_back({letter, nodes_[root].match, nodes_[at].depth + 1});
      nodes_[made].sibling = nodes_[at].first_child;
      nodes_[at].first_child = made;
      letters_.insert(letter);
    }
    at = next->second;
  }
  if (nodes_[at].word == kNone) nodes_[at].word = word;
}

std::uint32_t Matcher::child(std::uint32_t node, char32_t letter) const {
  const auto at = children_.find(key_of(node, letter));
  return at == children_.end() ? kNone : at->second;
}

void Matcher::add_boundary(std::vector<std::uint32_t>& active) const {
  for (const std::uint32_t root : {kPrefixes, kWords}) {
    if (nodes_[root].first_child != kNone) active.push_back(root);
  }
}

Matcher::State Matcher::start() const {
  State state;
  add_boundary(state.active);
  if (nodes_[kAllowed].first_child != kNone) state.allowed = kAllowed;
  return state;
}

// Adds the nodes that one letter leads to from the active ones. `found` takes a word that is banned
// wherever the text goes on.
void Matcher::read_letter(const std::vector<std::uint32_t>& active, char32_t letter,
                          std::vector<std::uint32_t>& next,
                          std::optional<std::uint32_t>& found) const {
  const auto go = [&](std::uint32_t from) {
    const std::uint32_t to = child(from, letter);
    if (to == kNone) return;
    next.push_back(to);
    const bool whole = nodes_[to].word != kNone && nodes_[to].match != Match::kWord;
    if (whole && !found) found = nodes_[to].word;
  };
  go(kSubstrings);
  for (const std::uint32_t each : active) {
    const std::uint32_t at = each & ~kExcused;
    go(at);
    if (forms_.repeats && at >= kNumRoots && nodes_[at].letter == letter) next.push_back(at);
  }
}

void Matcher::read_spelling(const std::vector<std::uint32_t>& active, std::u32string_view spelling,
                            std::vector<std::uint32_t>& next,
                            std::optional<std::uint32_t>& found) const {
  if (spelling.size() == 1) return read_letter(active, spelling[0], next, found);
  std::vector<std::uint32_t> reached = active;
  for (const char32_t letter : spelling) {
    std::vector<std::uint32_t> longer;
    read_letter(reached, letter, longer, found);
    reached = std::move(longer);
  }
  next.insert(next.end(), reached.begin(), reached.end());
}

// Whether an active node is the end of a banned word that a boundary completes.
bool Matcher::completes_word(std::uint32_t at) const {
  return at < nodes_.size() && nodes_[at].match == Match::kWord && nodes_[at].word != kNone;
}

// The banned word that is completed if the text's word ends here.
std::optional<std::uint32_t> Matcher::end_word(const State& state) const {
  if (state.allowed != kNone && nodes_[state.allowed].word != kNone) return std::nullopt;
  if (state.pending != kNone) return state.pending;
  for (const std::uint32_t at : state.active) {
    if (completes_word(at)) return nodes_[at].word;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Matcher::at_end(const State& state) const { return end_word(state); }

std::optional<std::uint32_t> Matcher::step(State& state, const Symbol& symbol) const {
  if (symbol.ignored) return std::nullopt;
  std::optional<std::uint32_t> found;
  std::vector<std::uint32_t> active;
  active.reserve(state.active.size() + 1);
  for (const std::u32string& spelling : symbol.spellings) {
    read_spelling(state.active, spelling, active, found);
  }
  if (symbol.separator) {
    // What is read as a letter here belongs to no word that could be allowed.
    if (!found) found = end_word(state);
    if (found) return found;
    if (forms_.separators) {
      for (const std::uint32_t at : state.active) {
        active.push_back(completes_word(at) ? at | kExcused : at);
      }
    }
    add_boundary(active);
    state.pending = kNone;
    state.allowed = nodes_[kAllowed].first_child != kNone ? kAllowed : kNone;
  } else {
    for (const char32_t letter : symbol.spellings.front()) {
      if (state.allowed != kNone) state.allowed = child(state.allowed, letter);
    }
    if (found && state.pending == kNone) state.pending = *found;
    if (state.allowed == kNone && state.pending != kNone) return state.pending;
  }
  make_set(active);
  state.active = std::move(active);
  return std::nullopt;
}

std::uint32_t Matcher::drop_deepest(State& state) const {
  const auto deepest = std::ranges::max_element(
      state.active, {}, [&](std::uint32_t node) { return nodes_[node & ~kExcused].depth; });
  const std::uint32_t node = *deepest & ~kExcused;
  state.active.erase(deepest);
  return node;
}

std::size_t Matcher::started(const State& state) const {
  std::size_t most = 0;
  for (const std::uint32_t at : state.active) {
    most = std::max<std::size_t>(most, nodes_[at & ~kExcused].depth);
  }
  return most;
}

}  // namespace microgpt::guardrails
