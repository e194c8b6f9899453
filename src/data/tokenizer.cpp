#include "microgpt/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <utility>

#include "base/grapheme.h"
#include "base/unicode.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr int kNoToken = -1;
constexpr std::size_t kMaxListed = 100;  // characters of a vocabulary that a message spells out

constexpr std::array<std::string_view, 3> kKinds = {"codepoint", "grapheme", "byte"};

void check_character(const std::string& text, std::size_t index, TokenKind kind) {
  const std::size_t size = text.empty() ? 0 : character_size(text, 0, kind);
  if (size == text.size() && size > 0) return;
  throw Error(fmt::format("tokenizer: character {}, expected one {}, got {}", index,
                          kind == TokenKind::kCodepoint  ? "code point in UTF-8"
                          : kind == TokenKind::kGrapheme ? "grapheme in UTF-8"
                                                         : "byte",
                          text.empty() ? "an empty text"
                          : size > 0   ? fmt::format("a text of {} bytes", text.size())
                                       : "a text that is not UTF-8"));
}

bool can_be_shown(char32_t c) { return describe_code_point(c).front() == '\''; }

// A code point or a byte that is a character by itself.
bool is_single(std::string_view character, TokenKind kind) {
  return kind != TokenKind::kGrapheme || decode_utf8(character, 0)->size == character.size();
}

// The number of such a character.
char32_t number_of(std::string_view character, TokenKind kind) {
  if (kind == TokenKind::kByte) return static_cast<unsigned char>(character.front());
  return decode_utf8(character, 0)->value;
}

// 'e' (U+0065), U+000A alone where the character can't be shown, U+0065 U+0301, or byte 0x65.
std::string name_of(std::string_view character, TokenKind kind) {
  if (kind == TokenKind::kByte) {
    return fmt::format("byte 0x{:02X}", static_cast<unsigned char>(character.front()));
  }
  std::string numbers;
  for (std::size_t at = 0; at < character.size();) {
    const CodePoint c = *decode_utf8(character, at);
    numbers += fmt::format("{}U+{:04X}", at == 0 ? "" : " ", static_cast<std::uint32_t>(c.value));
    at += c.size;
  }
  if (!is_single(character, kind) || !can_be_shown(number_of(character, kind))) return numbers;
  return fmt::format("'{}' ({})", character, numbers);
}

// Which characters there are, for messages: spelled out where that is short and harmless.
std::string describe_vocabulary(const Tokenizer& tokenizer) {
  const std::vector<std::string>& uchars = tokenizer.uchars();
  const TokenKind kind = tokenizer.kind();
  if (kind == TokenKind::kByte) return fmt::format("one of its {} bytes", uchars.size());
  const bool spell_out = !uchars.empty() && uchars.size() <= kMaxListed &&
                         std::ranges::all_of(uchars, [&](const std::string& text) {
                           return is_single(text, kind) && can_be_shown(number_of(text, kind));
                         });
  if (!spell_out) return fmt::format("one of its {} characters", uchars.size());
  return std::accumulate(uchars.begin(), uchars.end(), std::string("one of "));
}

// Bytes that do not continue another.
std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return static_cast<unsigned char>(c) >> 6 != 0b10; }));
}

// Whether each code point occurs in the dataset, up to the last one that does or farther. Not of
// bool, for to set a bit takes several times as long.
std::vector<char> occurrences(const Dataset& dataset) {
  std::vector<char> seen(0x80);
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const std::string_view document = dataset[i];
    for (std::size_t at = 0; at < document.size();) {
      const CodePoint c = *decode_utf8(document, at);
      if (c.value >= seen.size()) seen.resize(c.value + 1);
      seen[c.value] = 1;
      at += c.size;
    }
  }
  return seen;
}

std::vector<std::string> code_points_of(const Dataset& dataset) {
  const std::vector<char> seen = occurrences(dataset);
  std::vector<std::string> uchars;
  for (std::size_t c = 0; c < seen.size(); ++c) {
    if (seen[c] != 0) append_utf8(uchars.emplace_back(), static_cast<char32_t>(c));
  }
  return uchars;
}

// UTF-8 sorts as its code points do, and char_traits compares bytes as unsigned.
std::vector<std::string> characters_of(const Dataset& dataset, TokenKind kind) {
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const std::string_view document = dataset[i];
    for (std::size_t at = 0; at < document.size();) {
      const std::size_t size = character_size(document, at, kind);
      const std::string_view character = document.substr(at, size);
      if (!seen.contains(character)) seen.emplace(character);
      at += size;
    }
  }
  return {seen.begin(), seen.end()};
}

}  // namespace

std::string_view to_string(TokenKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

TokenKind parse_token_kind(std::string_view name) {
  const auto at = std::ranges::find(kKinds, name);
  if (at != kKinds.end()) return static_cast<TokenKind>(at - kKinds.begin());
  throw Error(
      fmt::format("tokens: no such name, expected codepoint, grapheme or byte, got '{}'", name));
}

std::size_t character_size(std::string_view text, std::size_t at, TokenKind kind) {
  if (kind == TokenKind::kByte) return 1;
  if (kind == TokenKind::kGrapheme) return grapheme_size(text, at);
  const auto code_point = decode_utf8(text, at);
  return code_point ? code_point->size : 0;
}

Tokenizer::Tokenizer(std::vector<std::string> uchars, int bos, TokenKind kind)
    : uchars_(std::move(uchars)), bos_(bos), kind_(kind) {
  if (bos != 0 && std::cmp_not_equal(bos, uchars_.size())) {
    throw Error(fmt::format("tokenizer: BOS, expected 0 or {}, got {}", uchars_.size(), bos));
  }
  for (std::size_t i = 0; i < uchars_.size(); ++i) {
    check_character(uchars_[i], i, kind);
    if (id_of(uchars_[i]) != kNoToken) {
      throw Error(fmt::format("tokenizer: character {}, expected each character once, got {} again",
                              i, name_of(uchars_[i], kind)));
    }
    const int id = static_cast<int>(i) + (bos == 0 ? 1 : 0);
    if (!is_single(uchars_[i], kind)) {
      long_ids_[uchars_[i]] = id;
      continue;
    }
    const char32_t c = number_of(uchars_[i], kind);
    if (c >= ids_.size()) ids_.resize(c + 1, kNoToken);
    ids_[c] = id;
  }
}

Tokenizer Tokenizer::from_dataset(const Dataset& dataset, Edition edition, TokenKind kind) {
  std::vector<std::string> uchars =
      kind == TokenKind::kCodepoint ? code_points_of(dataset) : characters_of(dataset, kind);
  const int bos = edition == Edition::kFirst ? 0 : static_cast<int>(uchars.size());
  return Tokenizer(std::move(uchars), bos, kind);
}

int Tokenizer::id_of(std::string_view character) const {
  if (is_single(character, kind_)) {
    const char32_t c = number_of(character, kind_);
    return c < ids_.size() ? ids_[c] : kNoToken;
  }
  const auto at = long_ids_.find(character);
  return at == long_ids_.end() ? kNoToken : at->second;
}

std::size_t Tokenizer::append_known_ids(std::string_view text, std::vector<int>& ids) const {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view character = text.substr(at, character_size(text, at, kind_));
    const int id = character.empty() ? kNoToken : id_of(character);
    if (id == kNoToken) break;
    ids.push_back(id);
    at += character.size();
  }
  return at;
}

void Tokenizer::append_ids(std::string_view text, std::vector<int>& ids) const {
  const std::size_t begin = ids.size(), at = append_known_ids(text, ids);
  if (at == text.size()) return;
  const std::string_view character = text.substr(at, character_size(text, at, kind_));
  if (character.empty()) {
    throw Error(fmt::format("text: not UTF-8, expected UTF-8 text, got byte 0x{:02X} at byte {}",
                            static_cast<unsigned char>(text[at]), at + 1));
  }
  throw Error(fmt::format("text: character {} at position {} is not in the vocabulary, expected {}",
                          name_of(character, kind_), ids.size() - begin + 1,
                          describe_vocabulary(*this)));
}

std::vector<int> Tokenizer::encode(std::string_view text) const {
  std::vector<int> ids;
  ids.reserve(text.size());
  append_ids(text, ids);
  return ids;
}

std::optional<std::vector<int>> Tokenizer::try_encode(std::string_view text) const {
  std::vector<int> ids;
  if (append_known_ids(text, ids) < text.size()) return std::nullopt;
  return ids;
}

std::string Tokenizer::decode(std::span<const int> tokens) const {
  std::string text;
  for (const int token : tokens) text += token_text(token);
  return text;
}

std::vector<int> Tokenizer::encode_document(std::string_view text) const {
  std::vector<int> tokens;
  encode_document(text, tokens);
  return tokens;
}

void Tokenizer::encode_document(std::string_view text, std::vector<int>& tokens) const {
  tokens.clear();
  tokens.reserve(text.size() + 2);
  tokens.push_back(bos_);
  append_ids(text, tokens);
  tokens.push_back(bos_);
}

std::vector<int> Tokenizer::encode_text(std::string_view text) const {
  std::vector<int> tokens;
  tokens.reserve(text.size() + 1);
  tokens.push_back(bos_);
  append_ids(text, tokens);
  return tokens;
}

std::size_t Tokenizer::count_tokens(std::string_view text) const {
  if (kind_ == TokenKind::kByte) return text.size();
  if (kind_ == TokenKind::kCodepoint) return count_code_points(text);
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) at += grapheme_size(text, at);
  return count;
}

std::string_view Tokenizer::token_text(int token) const {
  if (token == bos_) return {};
  return uchars_[static_cast<std::size_t>(token < bos_ ? token : token - 1)];
}

std::string Tokenizer::token_name(int token) const {
  const std::string_view text = token_text(token);
  if (kind_ != TokenKind::kByte || text.empty()) return std::string(text);
  std::string name;
  append_utf8(name, number_of(text, kind_));
  return name;
}

int Tokenizer::count_letters(int token) const {
  return static_cast<int>(count_code_points(token_text(token)));
}

}  // namespace microgpt
