// The automata beside check_names.py, which shares no code with them: random policies, random
// texts.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/grapheme.h"
#include "base/unicode.h"
#include "microgpt/error.h"
#include "microgpt/policy.h"
#include "support/message_of.h"
#include "support/python.h"

namespace microgpt::test {
namespace {

using Letters = std::vector<std::string>;

// Few letters each, so that words are met by chance; together all that the rules speak of.
const std::vector<Letters> kAlphabets = {
    {"a", "b"},
    {"a", "b", "A", "-", " "},
    {"a", "s", "4", "@", "$", "5", "S"},
    {"i", "l", "1", "!", "|", "I", "L", "\u0131", "\u0130"},
    {"b", "g", "6", "8", "9", " ", "G"},
    {"t", "7", "+", "c", "(", "<", "\u2122", "m"},                           // TM in one sign
    {"e", "E", "\u00e9", "\u0301", "3", "\u20ac", "\u0435", "\u00ad", "."},  // marks, soft hyphen
    {"f", "i", "\ufb01", "l", "\ufb02", "\ufb03", "1"},                      // ligatures
    {"s", "\u00df", "\u1e9e", "S", "\u017f", "\u0455"},                      // sharp s, long s
    {"o", "0", "\uff10", "\u00f8", "\u043e", "\u041e", "\u03bf", "\U0001d7d8"},  // look like o
    {"1", "2", "\u00bd", "\u2474", "\u2460", "\u00b2", "z", "i"},                // made of digits
    {"a", "p", "\U0001d400", "\u24b6", "\uff30", "\u0440", "\u03c1", "_"},       // compatibility
    {"\ud55c", "\u1112", "\u1161", "\u11ab", "\uac00"},                          // Hangul
    {"\u0915", "\u093f", "\u093e", "\u094d", "\u0937", " "},                     // Devanagari
    {"\u30ab", "\u30ac", "\uff76", "\uff9e", "\u3099"},                          // voiced kana
    {"\u0627", "\u0628", "\u0644", "\u0640", "\u200d", "\ufefb"},                // Arabic
    {"\u0442", "\u0422", "t", "\u0443", "y", "\u04af", "\u03c5", "u"},           // Cyrillic, Greek
    {"\u01c4", "\u01c5", "d", "z", "\u017e", "\u030c", "Z"},                     // title case
    {"\u03b1", "\u1fb3", "\u1f80", "a", "\u0345", "\u03b9", "i"},                // iota below
    {"n", "\u0149", "\u02bc", "-", "\u00a8", "\u0308", "\U0001f600"},
};

const std::vector<std::string> kForms = {"case",   "accents",    "repeats",
                                         "digits", "lookalikes", "separators"};

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  std::string text(const Letters& letters, std::size_t length) {
    std::string text;
    for (; length > 0; --length) text += letters[below(letters.size())];
    return text;
  }

  nlohmann::json policy(const Letters& letters) {
    static const std::vector<std::string> kMatches = {"substring", "prefix", "word"};
    nlohmann::json words = nlohmann::json::array(), allow = nlohmann::json::array();
    for (std::size_t n = 1 + below(4); n > 0; --n) {
      words.push_back({{"word", text(letters, 1 + below(4))}, {"match", kMatches[below(3)]}});
    }
    for (std::size_t n = below(2) * below(4); n > 0; --n) {
      allow.push_back(text(letters, 1 + below(5)));
    }
    return {{"format", "microgpt-policy-v1"},
            {"name", "random"},
            {"normal_forms", forms()},
            {"words", words},
            {"allow", allow}};
  }

 private:
  std::vector<std::string> forms() {
    std::vector<std::string> forms;
    const bool all = below(3) == 0;
    for (const std::string& form : kForms) {
      if (all || below(2) == 0) forms.push_back(form);
    }
    return forms;
  }

  std::mt19937 random_;
};

// A policy that parses, and texts to judge by it.
struct Case {
  Letters letters;
  std::string json;
  Policy policy;
  std::vector<std::string> texts;
};

std::vector<Case> make_cases(std::size_t policies_an_alphabet, std::size_t texts_a_policy) {
  std::vector<Case> cases;
  Maker maker(1);
  for (const Letters& letters : kAlphabets) {
    for (std::size_t made = 0; made < policies_an_alphabet;) {
      const std::string json = maker.policy(letters).dump();
      Case one{letters, json, {}, {}};
      try {
        one.policy = parse_policy(json, "random");
      } catch (const Error&) {
        continue;  // a word without letters, or both banned and allowed
      }
      for (std::size_t i = 0; i < texts_a_policy; ++i) {
        one.texts.push_back(maker.text(letters, maker.below(9)));
      }
      cases.push_back(std::move(one));
      ++made;
    }
  }
  return cases;
}

std::string script_for(const std::vector<Case>& cases) {
  nlohmann::json asked = nlohmann::json::array();
  for (const Case& one : cases) asked.push_back({one.json, one.texts});
  return fmt::format(R"(
import json, sys
sys.path.insert(0, "{}/tests/guardrails")
sys.dont_write_bytecode = True
from check_names import Policy, banned_words
for text, names in json.loads(r'''{}'''):
    policy = Policy(text)
    print(json.dumps([banned_words(policy, name) for name in names]))
)",
                     MICROGPT_SOURCE_DIR, asked.dump(-1, ' ', true));
}

// The banned word that the compiled automaton finds in a text.
std::optional<std::size_t> find(const Constraint& constraint, const Tokenizer& tokenizer,
                                const std::string& text) {
  const auto state = constraint.read(tokenizer.encode(text));
  if (constraint.may_end(state)) return std::nullopt;
  return constraint.reason(state);
}

// A vocabulary in which a letter and its marks are one token.
Tokenizer graphemes_of(const std::vector<std::string>& texts) {
  std::set<std::string> graphemes;
  for (const std::string& text : texts) {
    for (std::size_t at = 0, size; at < text.size(); at += size) {
      size = grapheme_size(text, at);
      graphemes.insert(text.substr(at, size));
    }
  }
  return Tokenizer({graphemes.begin(), graphemes.end()}, 0, TokenKind::kGrapheme);
}

// Whether a word that was found, or none, is right.
bool agrees(std::optional<std::size_t> found, const std::vector<std::size_t>& banned) {
  return found ? std::ranges::count(banned, *found) == 1 : banned.empty();
}

TEST(Differential, AgreesWithTheIndependentChecker) {
  const std::vector<Case> cases = make_cases(60, 40);
  MICROGPT_RUN_PYTHON(output, script_for(cases));
  std::istringstream lines(output);
  std::size_t held = 0, free = 0;
  for (const Case& one : cases) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const auto banned = nlohmann::json::parse(line).get<std::vector<std::vector<std::size_t>>>();
    ASSERT_EQ(banned.size(), one.texts.size());
    const Tokenizer tokenizer(one.letters, static_cast<int>(one.letters.size()));
    const Constraint constraint = forbid(one.policy, tokenizer);
    const Tokenizer graphemes = graphemes_of(one.texts);
    const Constraint over_graphemes = forbid(one.policy, graphemes);
    PolicyReader reader(one.policy);
    for (std::size_t i = 0; i < banned.size(); ++i) {
      SCOPED_TRACE(fmt::format("'{}' by {}\nbanned for check_names.py: {}", one.texts[i], one.json,
                               nlohmann::json(banned[i]).dump()));
      EXPECT_PRED2(agrees, reader.find(one.texts[i]), banned[i]);
      EXPECT_PRED2(agrees, find(constraint, tokenizer, one.texts[i]), banned[i]);
      EXPECT_PRED2(agrees, find(over_graphemes, graphemes, one.texts[i]), banned[i]);
      ++(banned[i].empty() ? free : held);
    }
  }
  EXPECT_GT(held, 10'000u);
  EXPECT_GT(free, 10'000u);
}

TEST(Differential, BytesAreRefused) {
  const Tokenizer bytes({"a", "\xC3", "\xA9"}, 0, TokenKind::kByte);
  const Policy policy = parse_policy("bad", "p");
  const std::string refusal =
      "policy: reads letters, expected a model of code points or graphemes, got one of bytes";
  EXPECT_EQ(message_of([&] { forbid(policy, bytes); }), refusal);
  EXPECT_EQ(message_of([&] { unspellable_words(policy, bytes); }), refusal);
}

// Characters with tables of their own in Unicode or here.
std::vector<std::string> single_characters() {
  std::vector<std::string> characters;
  const auto add = [&](char32_t first, char32_t last) {
    for (char32_t c = first; c <= last; ++c) append_utf8(characters.emplace_back(), c);
  };
  add(U' ', 0x2FFF);
  add(0xFB00, 0xFB06);
  add(0xFF01, 0xFF5E);
  add(0x1D400, 0x1D7FF);
  return characters;
}

TEST(Differential, ReadsTheSameLettersInEachCharacter) {
  const std::vector<std::string> characters = single_characters();
  MICROGPT_RUN_PYTHON(
      output, fmt::format(R"(
import json, sys, unicodedata
sys.path.insert(0, "{}/tests/guardrails")
sys.dont_write_bytecode = True
from check_names import Policy, banned_words
letters = "abcdefghijklmnopqrstuvwxyz"
policy = Policy("\n".join(letters))
for c in json.loads(r'''{}'''):
    known = unicodedata.category(c) != "Cn"  # to this Python's edition of Unicode
    print("".join(letters[i] for i in banned_words(policy, c)) if known else "unknown")
)",
                          MICROGPT_SOURCE_DIR, nlohmann::json(characters).dump(-1, ' ', true)));
  std::vector<PolicyReader> readers;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    readers.emplace_back(parse_policy(std::string(1, letter), "letter"));
  }
  std::istringstream lines(output);
  std::string expected;
  for (const std::string& character : characters) {
    ASSERT_TRUE(std::getline(lines, expected));
    std::string found;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      if (readers[static_cast<std::size_t>(letter - 'a')].find(character)) found += letter;
    }
    if (expected == "unknown") continue;
    EXPECT_EQ(found, expected) << character;
  }
}

// A word that is excused where it ends is not found again at the end of the next one.
TEST(Differential, ExcusesAWordInEveryPlace) {
  Policy policy;
  policy.words = {{"bad egg", Match::kWord, ""}};
  policy.allow = {"egg"};
  PolicyReader reader(policy);
  for (const char* text : {"bad egg", "bad egg!", "bad egg, x"}) {
    EXPECT_FALSE(reader.find(text)) << text;
  }
  EXPECT_TRUE(reader.find("bad egg g"));  // a repeated letter is in a word that nobody excuses
}

}  // namespace
}  // namespace microgpt::test
