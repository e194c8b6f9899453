// What parses as a policy can be compiled; its automaton and its reader judge any text alike, and
// find each banned word in itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/unicode.h"
#include "check.h"
#include "microgpt/constraint.h"
#include "microgpt/error.h"
#include "microgpt/policy.h"
#include "microgpt/tokenizer.h"

using namespace microgpt;

namespace {

constexpr std::size_t kMaxLetters = 300;  // of a policy that is compiled: bytes of all its words
constexpr std::size_t kMaxAlphabet = 12;

bool parses(std::string_view bytes, Policy& policy) {
  try {
    policy = parse_policy(bytes, "fuzz");
    return true;
  } catch (const Error& error) {
    check(std::string_view(error.what()).starts_with("fuzz: "), "an error that does not say where");
    return false;
  }
}

std::size_t size_of(const Policy& policy) {
  std::size_t size = 0;
  for (const BannedWord& word : policy.words) size += word.text.size();
  for (const std::string& word : policy.allow) size += word.size();
  return size;
}

void add_letters(std::string_view text, std::vector<std::string>& alphabet) {
  for (std::size_t at = 0; at < text.size() && alphabet.size() < kMaxAlphabet;) {
    const std::size_t size = decode_utf8(text, at)->size;
    const std::string letter(text.substr(at, size));
    if (std::ranges::count(alphabet, letter) == 0) alphabet.push_back(letter);
    at += size;
  }
}

// Letters of the policy's own words, and a few that mean something.
std::vector<std::string> alphabet_of(const Policy& policy) {
  std::vector<std::string> alphabet = {" ", "1", "$"};
  for (const BannedWord& word : policy.words) add_letters(word.text, alphabet);
  for (const std::string& word : policy.allow) add_letters(word, alphabet);
  return alphabet;
}

// A text of up to 15 letters; each seed has its own.
std::string text_of(const std::vector<std::string>& alphabet, std::uint32_t seed) {
  std::string text;
  for (std::uint32_t length = seed % 16; length > 0; --length) {
    seed = seed * 1664525 + 1013904223;
    text += alphabet[(seed >> 16) % alphabet.size()];
  }
  return text;
}

void check_alike(const Policy& policy, std::uint32_t seed) {
  const std::vector<std::string> alphabet = alphabet_of(policy);
  const Tokenizer tokenizer(alphabet, static_cast<int>(alphabet.size()));
  const Constraint constraint = forbid(policy, tokenizer);
  PolicyReader reader(policy);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::string text = text_of(alphabet, seed + i);
    const auto state = constraint.read(tokenizer.encode(text));
    const auto found = reader.find(text);
    check(constraint.may_end(state) == !found, "automaton and reader do not agree");
    if (!found) continue;
    check(*found < policy.words.size(), "a banned word that is none");
    check(constraint.reason(state) < policy.words.size(), "a reason that is none");
  }
}

void check_words_hold_themselves(const Policy& policy) {
  // An allowed word may end a banned one; without `separators` a sign in a word is another letter.
  if (!policy.allow.empty() || !policy.normal_forms.separators) return;
  PolicyReader reader(policy);
  for (const BannedWord& word : policy.words) {
    check(reader.find(word.text).has_value(), "a banned word passes");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Policy policy;
  if (!parses({reinterpret_cast<const char*>(data), size}, policy)) return 0;
  check(!policy.words.empty(), "a policy without words");
  if (size_of(policy) > kMaxLetters) return 0;
  check_alike(policy, std::accumulate(data, data + size, std::uint32_t{0}));
  check_words_hold_themselves(policy);
  return 0;
}
