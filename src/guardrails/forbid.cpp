// From a policy to an automaton over a vocabulary: the subset construction.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/unicode.h"
#include "guardrails/matcher.h"
#include "guardrails/state_numbers.h"
#include "guardrails/symbols.h"
#include "microgpt/error.h"
#include "microgpt/policy.h"

namespace microgpt {
namespace {

using guardrails::Matcher;
using guardrails::Symbol;

constexpr std::size_t kMaxEntries = std::size_t{1} << 26;  // of the table: 256 MiB
constexpr char32_t kOtherLetter = 0x110000;                // stands in no word: no code point

// What a token is read as: one symbol, or one for each code point of a grapheme.
using Symbols = std::vector<Symbol>;

// REQUIRES: text is UTF-8.
Symbols symbols_of(std::string_view text, const NormalForms& forms) {
  Symbols symbols;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = *decode_utf8(text, at);
    symbols.push_back(guardrails::symbol_of(c.value, forms));
    at += c.size;
  }
  return symbols;
}

// Symbols whose letters that no word has are all the same one: large alphabets then have few
// classes.
Symbols without_strange_letters(Symbols symbols, const Matcher& matcher) {
  for (Symbol& symbol : symbols) {
    for (std::u32string& spelling : symbol.spellings) {
      for (char32_t& letter : spelling) {
        if (!matcher.knows(letter)) letter = kOtherLetter;
      }
    }
  }
  return symbols;
}

class Determinizer {
 public:
  Determinizer(const Policy& policy, const Tokenizer& tokenizer) : matcher_(policy) {
    classify(tokenizer, policy.normal_forms);
  }

  Constraint::Table make() {
    // Letters that a vocabulary lacks aside, each node is reached in a state of its own.
    check_size(matcher_.num_nodes());
    states_.number(matcher_.start());
    add_row(inside_row_, {}, every_class_);
    for (std::uint32_t number = 0; number < states_.size(); ++number) add_state(number);
    const auto lost = static_cast<std::uint32_t>(states_.size());
    for (Constraint::State& next : table_.next) {
      if (next >= kLost) next = next - kLost + lost;
    }
    return std::move(table_);
  }

 private:
  static constexpr Constraint::State kLost = Constraint::State{1} << 31;  // until all have numbers

  void classify(const Tokenizer& tokenizer, const NormalForms& forms) {
    std::map<Symbols, std::uint32_t> numbers;
    for (const std::string& text : tokenizer.uchars()) {
      const auto [at, is_new] =
          numbers.try_emplace(without_strange_letters(symbols_of(text, forms), matcher_),
                              static_cast<std::uint32_t>(classes_.size()));
      if (is_new) add_class(at->first);
      table_.class_of.push_back(at->second);
    }
    table_.class_of.insert(table_.class_of.begin() + tokenizer.bos(), Constraint::kNoClass);
    table_.num_classes = classes_.size();
  }

  // Symbols behind the first make no difference to where copy_nearest_row may look: if the first
  // leads to the same state with and without a node, so do all.
  void add_class(const Symbols& symbols) {
    const auto number = static_cast<std::uint32_t>(classes_.size());
    classes_.push_back(symbols);
    every_class_.push_back(number);
    const Symbol& symbol = symbols.front();
    if (symbol.separator || symbol.ignored) always_.push_back(number);
    for (const std::u32string& spelling : symbol.spellings) {
      for (const char32_t letter : spelling) classes_with_[letter].push_back(number);
    }
  }

  Constraint::State after(const Matcher::State& state, std::uint32_t in_class) {
    next_ = state;
    for (const Symbol& symbol : classes_[in_class]) {
      if (const auto found = matcher_.step(next_, symbol)) return kLost + *found;
    }
    return states_.number(next_);
  }

  void add_row(std::vector<Constraint::State>& row, const Matcher::State& from,
               const std::vector<std::uint32_t>& classes) {
    row.resize(classes_.size());
    for (const std::uint32_t c : classes) row[c] = after(from, c);
  }

  void add_state(std::uint32_t number) {
    const Matcher::State state = states_[number];
    if (matcher_.is_inside(state)) {
      copy_nearest_row(state, number);
      add_row(row_, state, touched_);
    } else {
      add_row(row_, state, every_class_);
    }
    table_.next.insert(table_.next.end(), row_.begin(), row_.end());
    table_.end.push_back(matcher_.at_end(state).value_or(Constraint::kMayEnd));
    check_size(states_.size());
  }

  // States that were met, and whose rows come later, count too.
  void check_size(std::size_t num_states) const {
    if (num_states * classes_.size() + states_.num_active() <= kMaxEntries) return;
    throw Error(fmt::format(
        "policy: too large, expected an automaton of at most {} entries, got more at {} states for "
        "{} kinds of letters; use fewer words, or leave \"repeats\" out of normal_forms",
        kMaxEntries, num_states, classes_.size()));
  }

  // In the middle of a word only few letters go on with the longest beginnings of words: with all
  // others it is as if those had not begun, in a state whose row is mostly there already (as with
  // the failure links of Aho and Corasick 1975). Leaves the others' classes in touched_.
  void copy_nearest_row(Matcher::State state, std::uint32_t number) {
    touched_ = always_;
    std::optional<std::uint32_t> nearest;
    while (!nearest && !state.active.empty()) {
      matcher_.for_each_letter(matcher_.drop_deepest(state), [&](char32_t letter) {
        const auto at = classes_with_.find(letter);
        if (at == classes_with_.end()) return;
        touched_.insert(touched_.end(), at->second.begin(), at->second.end());
      });
      nearest = states_.find(state);
      if (nearest && *nearest >= number) nearest.reset();
    }
    std::ranges::sort(touched_);
    touched_.erase(std::ranges::unique(touched_).begin(), touched_.end());
    const auto row =
        nearest ? table_.next.begin() + static_cast<std::ptrdiff_t>(*nearest * table_.num_classes)
                : inside_row_.begin();
    row_.assign(row, row + static_cast<std::ptrdiff_t>(table_.num_classes));
  }

  Matcher matcher_;
  guardrails::StateNumbers states_;
  std::vector<Symbols> classes_;
  std::vector<std::uint32_t> every_class_, always_, touched_;
  std::unordered_map<char32_t, std::vector<std::uint32_t>> classes_with_;
  std::vector<Constraint::State> inside_row_;  // of the state in which nothing has begun
  std::vector<Constraint::State> row_;
  Matcher::State next_;
  Constraint::Table table_;
};

}  // namespace

Constraint forbid(const Policy& policy, const Tokenizer& tokenizer) {
  check_has_letters(tokenizer, "policy: reads letters");
  return Constraint(Determinizer(policy, tokenizer).make());
}

std::vector<std::size_t> unspellable_words(const Policy& policy, const Tokenizer& tokenizer) {
  check_has_letters(tokenizer, "policy: reads letters");
  std::unordered_set<char32_t> letters;
  for (const std::string& text : tokenizer.uchars()) {
    for (const Symbol& symbol : symbols_of(text, policy.normal_forms)) {
      for (const std::u32string& spelling : symbol.spellings) {
        letters.insert(spelling.begin(), spelling.end());
      }
    }
  }
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < policy.words.size(); ++i) {
    const auto word = guardrails::letters_of(policy.words[i].text, policy.normal_forms);
    const bool all = std::ranges::all_of(word, [&](char32_t c) { return letters.contains(c); });
    if (!all) missing.push_back(i);
  }
  return missing;
}

// Makes the states of the deterministic automaton when a text first leads to them.
class PolicyReader::Implementation {
 public:
  explicit Implementation(const Policy& policy)
      : forms_(policy.normal_forms), matcher_(policy), start_(states_.number(matcher_.start())) {}

  std::optional<std::size_t> find(std::string_view text) {
    const std::uint32_t state = read(text);
    if (state >= kLost) return state - kLost;
    return matcher_.at_end(states_[state]);
  }

  std::size_t started(std::string_view text) {
    const std::uint32_t state = read(text);
    return state >= kLost ? 0 : matcher_.started(states_[state]);
  }

 private:
  static constexpr std::uint32_t kLost = std::uint32_t{1} << 31;
  static constexpr char32_t kSeparator = U'\n';

  std::uint32_t read(std::string_view text) {
    std::uint32_t state = start_;
    for (std::size_t at = 0; at < text.size() && state < kLost;) {
      const auto c = decode_utf8(text, at).value_or(CodePoint{kSeparator, 1});
      state = after(state, c.value);
      at += c.size;
    }
    return state;
  }

  std::uint32_t after(std::uint32_t from, char32_t c) {
    const auto [at, is_new] = next_.try_emplace(std::uint64_t{from} << 32 | c);
    if (is_new) {
      Matcher::State state = states_[from];
      const auto found = matcher_.step(state, guardrails::symbol_of(c, forms_));
      at->second = found ? kLost + *found : states_.number(state);
    }
    return at->second;
  }

  NormalForms forms_;
  Matcher matcher_;
  guardrails::StateNumbers states_;
  std::uint32_t start_;
  std::unordered_map<std::uint64_t, std::uint32_t> next_;  // by state and character
};

PolicyReader::PolicyReader(const Policy& policy)
    : implementation_(std::make_unique<Implementation>(policy)) {}
PolicyReader::PolicyReader(PolicyReader&&) noexcept = default;
PolicyReader& PolicyReader::operator=(PolicyReader&&) noexcept = default;
PolicyReader::~PolicyReader() = default;

std::optional<std::size_t> PolicyReader::find(std::string_view text) {
  return implementation_->find(text);
}

std::size_t PolicyReader::started(std::string_view text) { return implementation_->started(text); }

}  // namespace microgpt
