// What must not be said: lists of words, and in how many ways a word can be written.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/constraint.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// Where a banned word may not stand. The words of a text are what lies between its ends and
// characters that are no letters, digits or marks.
enum class Match {
  kSubstring,  // anywhere
  kPrefix,     // at the beginning of a word
  kWord,       // as a whole word
};
std::string_view to_string(Match match);   // "substring", "prefix", "word"
Match parse_match(std::string_view name);  // Throws Error: no such name.

struct BannedWord {
  std::string text;
  Match match = Match::kSubstring;
  std::string language;  // empty where the policy names none

  bool operator==(const BannedWord&) const = default;
};

// Which spellings count as the same.
struct NormalForms {
  bool letter_case = true;  // "case": A is a
  bool accents = true;      // e with an accent is e, also as two characters (NFKD without marks)
  bool repeats = true;      // a letter may stand more often: aappple is apple, aple is not
  bool digits = true;       // 4pple: digits may stand for letters that they look like
  bool lookalikes = true;   // so may signs and letters of other alphabets
  bool separators = true;   // a-p.p l e: what is no letter is passed over

  bool operator==(const NormalForms&) const = default;
};

struct Policy {
  std::string name;     // "fruits"
  std::string subject;  // for reasons: "a fruit"
  NormalForms normal_forms;
  std::vector<BannedWord> words;   // of the languages that are on
  std::vector<std::string> allow;  // whole words that are fine whatever they contain
  // A request is refused if it ends in so many first letters of a banned word, or more; 0: only if
  // no safe name is left.
  std::size_t refuse_started = 0;

  bool operator==(const Policy&) const = default;
};

// Reads a policy: a JSON object as docs/guardrails.md describes it, or a plain list, one word a
// line, empty lines and those that begin with # passed over. where: for messages.
// Throws Error starting with "where: ": not UTF-8, a key unknown or twice, a value of another kind,
// an empty word, a word both banned and allowed, a language without words, no words at all.
Policy parse_policy(std::string_view bytes, const std::string& where);

// Documents that a policy has nothing against, the empty one among them. Its reasons are indices
// into Policy::words. Throws Error: the tokens are bytes, or the automaton is too large.
Constraint forbid(const Policy& policy, const Tokenizer& tokenizer);

// Indices of words that can't be written with a vocabulary's letters, in any form. Throws Error:
// the tokens are bytes.
std::vector<std::size_t> unspellable_words(const Policy& policy, const Tokenizer& tokenizer);

// Judges texts of any letters. One thread at a time: it remembers what it has seen.
class PolicyReader {
 public:
  explicit PolicyReader(const Policy& policy);
  PolicyReader(PolicyReader&&) noexcept;
  PolicyReader& operator=(PolicyReader&&) noexcept;
  ~PolicyReader();

  // The index of a banned word that a text holds, or nothing if it is safe. A byte that is not
  // UTF-8 counts as a separator.
  std::optional<std::size_t> find(std::string_view text);

  // How many letters of a banned word a text ends in, at most: 4 for "appl".
  std::size_t started(std::string_view text);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace microgpt
