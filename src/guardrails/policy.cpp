// Policy files.
#include "microgpt/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <unordered_map>

#include "base/json.h"
#include "base/similar.h"
#include "base/unicode.h"
#include "guardrails/symbols.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::string_view kFormat = "microgpt-policy-v1";
constexpr std::array<std::string_view, 3> kMatches = {"substring", "prefix", "word"};
constexpr std::size_t kMaxLetters = 10'000;  // of one word: more is no word
constexpr std::size_t kMaxShown = 60;        // bytes of what a message quotes

struct FormName {
  std::string_view name;
  bool NormalForms::*form;
};
constexpr FormName kForms[] = {
    {"case", &NormalForms::letter_case},      {"accents", &NormalForms::accents},
    {"repeats", &NormalForms::repeats},       {"digits", &NormalForms::digits},
    {"lookalikes", &NormalForms::lookalikes}, {"separators", &NormalForms::separators},
};

void check_utf8(std::string_view bytes, const std::string& where) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto c = decode_utf8(bytes, at);
    if (!c || c->value == 0) {
      throw Error(fmt::format("{}: expected UTF-8 text, got byte 0x{:02X} at byte {}", where,
                              static_cast<unsigned char>(bytes[at]), at + 1));
    }
    at += c->size;
  }
}

// Throws Error: an object has another key than these.
void check_keys(const Json& object, std::span<const std::string> keys, const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    throw Error(fmt::format("{}: unknown key {}, expected {}; did you mean {}?", where,
                            quote_json(key.substr(0, kMaxShown)), fmt::join(keys, ", "),
                            similar_names(key, keys).front()));
  }
}

std::string optional_string(const Json& object, const std::string& key, const std::string& where,
                            std::string otherwise) {
  return object.contains(key) ? json_string(object, key, where) : std::move(otherwise);
}

const Json& array_at(const Json& object, const std::string& key, const std::string& where) {
  const Json& array = json_at(object, key, where);
  if (array.is_array()) return array;
  throw Error(fmt::format("{}: {}, expected an array, got {}", where, key, describe_json(array)));
}

std::vector<std::string> strings_at(const Json& object, const std::string& key,
                                    const std::string& where) {
  std::vector<std::string> strings;
  for (const Json& each : array_at(object, key, where)) {
    if (!each.is_string()) {
      throw Error(fmt::format("{}: {}, expected strings, got {}", where, key, describe_json(each)));
    }
    strings.push_back(each.get<std::string>());
  }
  return strings;
}

NormalForms parse_forms(const Json& object, const std::string& where) {
  NormalForms forms;
  if (!object.contains("normal_forms")) return forms;
  for (const FormName& each : kForms) forms.*each.form = false;
  for (const std::string& name : strings_at(object, "normal_forms", where)) {
    const auto at = std::ranges::find(kForms, name, &FormName::name);
    if (at == std::end(kForms)) {
      throw Error(fmt::format(
          "{}: normal_forms, expected case, accents, repeats, digits, lookalikes or separators, "
          "got {}",
          where, quote_json(name.substr(0, kMaxShown))));
    }
    forms.*at->form = true;
  }
  return forms;
}

Match match_at(const Json& object, const std::string& where, Match otherwise) {
  if (!object.contains("match")) return otherwise;
  const std::string name = json_string(object, "match", where);
  try {
    return parse_match(name);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", where, error.what()));
  }
}

BannedWord parse_word(const Json& value, Match match, const std::string& language,
                      const std::string& where) {
  if (value.is_string()) return {value.get<std::string>(), match, language};
  if (!value.is_object()) {
    throw Error(fmt::format(R"({}: expected a word or {{"word": ..., "match": ...}}, got {})",
                            where, describe_json(value)));
  }
  static const std::vector<std::string> kKeys = {"word", "match"};
  check_keys(value, kKeys, where);
  return {json_string(value, "word", where), match_at(value, where, match), language};
}

void add_words(const Json& array, Match match, const std::string& language,
               const std::string& where, Policy& policy) {
  if (!array.is_array()) {
    throw Error(fmt::format("{}, expected an array of words, got {}", where, describe_json(array)));
  }
  if (array.empty() && !language.empty()) {
    throw Error(where + ", expected at least one word, got none");
  }
  for (std::size_t i = 0; i < array.size(); ++i) {
    policy.words.push_back(parse_word(array[i], match, language, fmt::format("{}[{}]", where, i)));
  }
}

// "words" is an array, or an object with one for each language.
void parse_words(const Json& object, Match match, const std::string& where, Policy& policy) {
  const Json& words = json_at(object, "words", where);
  const bool chosen = object.contains("languages");
  if (!words.is_object()) {
    if (chosen) {
      throw Error(where + ": languages, expected words by language, such as {\"en\": [...]}, got " +
                  describe_json(words));
    }
    return add_words(words, match, "", where + ": words", policy);
  }
  std::vector<std::string> languages;
  for (const auto& [language, list] : words.items()) languages.push_back(language);
  if (chosen) languages = strings_at(object, "languages", where);
  for (const std::string& language : languages) {
    if (!words.contains(language)) {
      throw Error(fmt::format("{}: languages, expected one that words has, got {}", where,
                              quote_json(language.substr(0, kMaxShown))));
    }
    add_words(words[language], match, language, fmt::format("{}: words.{}", where, language),
              policy);
  }
}

Policy parse_json_policy(std::string_view bytes, const std::string& where) {
  static const std::vector<std::string> kKeys = {"format", "name",         "subject",
                                                 "match",  "normal_forms", "languages",
                                                 "words",  "allow",        "refuse_started"};
  const Json object = parse_json(bytes, where);
  const std::string format = json_string(object, "format", where);
  if (format != kFormat) {
    throw Error(fmt::format("{}: format, expected \"{}\", got {}", where, kFormat,
                            quote_json(format.substr(0, kMaxShown))));
  }
  check_keys(object, kKeys, where);
  Policy policy;
  policy.name = json_string(object, "name", where);
  policy.subject = optional_string(object, "subject", where, "a banned word");
  policy.normal_forms = parse_forms(object, where);
  parse_words(object, match_at(object, where, Match::kSubstring), where, policy);
  if (object.contains("allow")) policy.allow = strings_at(object, "allow", where);
  if (object.contains("refuse_started")) {
    policy.refuse_started =
        static_cast<std::size_t>(json_int(object, "refuse_started", 0, kMaxLetters, where));
  }
  return policy;
}

// One word a line; lines end at \n, \r\n or \r.
Policy parse_list(std::string_view bytes, const std::string& where) {
  Policy policy;
  const std::size_t slash = where.find_last_of('/');
  policy.name = slash == std::string::npos ? where : where.substr(slash + 1);
  policy.subject = "a banned word";
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    const std::string_view word = python_strip(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (!word.empty() && word.front() != '#') {
      policy.words.push_back({std::string(word), Match::kSubstring, ""});
    }
  }
  return policy;
}

// Throws Error: a word has no letters or too many.
std::u32string checked_letters(const std::string& text, const Policy& policy,
                               const std::string& place, const std::string& where) {
  auto letters = guardrails::letters_of(text, policy.normal_forms);
  if (!letters.empty() && letters.size() <= kMaxLetters) return letters;
  throw Error(fmt::format(
      "{}: {}, expected a word of 1 to {} letters, got {}", where, place, kMaxLetters,
      letters.empty() ? quote_json(text.substr(0, kMaxShown)) : fmt::format("{}", letters.size())));
}

// What the bot's reasons quote has to be on one line. Throws Error: it is not, or is empty.
void check_one_line(std::string_view text, const char* key, const std::string& where) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (!text.empty() && std::ranges::none_of(text, is_control)) return;
  throw Error(fmt::format("{}: {}, expected a text without control characters, got {}", where, key,
                          quote_json(text.substr(0, kMaxShown))));
}

void check_words(const Policy& policy, const std::string& where) {
  check_one_line(policy.name, "name", where);
  check_one_line(policy.subject, "subject", where);
  for (const BannedWord& word : policy.words) check_one_line(word.text, "words", where);
  if (policy.words.empty()) throw Error(where + ": words, expected at least one, got none");
  std::unordered_map<std::u32string, std::string> allowed;
  for (const std::string& text : policy.allow) {
    allowed.emplace(checked_letters(text, policy, "allow", where), text);
    if (!guardrails::has_separator(text)) continue;
    throw Error(fmt::format("{}: allow, expected whole words, got {}, which is more than one",
                            where, quote_json(text.substr(0, kMaxShown))));
  }
  for (std::size_t i = 0; i < policy.words.size(); ++i) {
    const BannedWord& word = policy.words[i];
    const auto at = allowed.find(
        checked_letters(word.text, policy, fmt::format("word {} of words", i + 1), where));
    if (at == allowed.end()) continue;
    throw Error(fmt::format("{}: {} is both banned and allowed{}; take it out of one list", where,
                            quote_json(word.text),
                            at->second == word.text ? "" : ", as " + quote_json(at->second)));
  }
}

}  // namespace

std::string_view to_string(Match match) { return kMatches[static_cast<std::size_t>(match)]; }

Match parse_match(std::string_view name) {
  const auto at = std::ranges::find(kMatches, name);
  if (at == kMatches.end()) {
    throw Error(fmt::format("match: expected {}, got {}", fmt::join(kMatches, ", "),
                            quote_json(name.substr(0, kMaxShown))));
  }
  return static_cast<Match>(at - kMatches.begin());
}

Policy parse_policy(std::string_view bytes, const std::string& where) {
  check_utf8(bytes, where);
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  // An array is no policy, and even less a list of one long word.
  const bool is_json =
      first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[');
  Policy policy = is_json ? parse_json_policy(bytes, where) : parse_list(bytes, where);
  check_words(policy, where);
  return policy;
}

}  // namespace microgpt
