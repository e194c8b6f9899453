#include "microgpt/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "base/unicode.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr int kNoToken = -1;
constexpr std::size_t kMaxListed = 100;  // characters of a vocabulary that a message spells out

char32_t single_code_point(const std::string& text, std::size_t index) {
  const auto code_point = text.empty() ? std::nullopt : decode_utf8(text, 0);
  if (code_point && code_point->size == text.size()) return code_point->value;
  throw Error(fmt::format("tokenizer: character {}, expected one code point in UTF-8, got {}",
                          index,
                          text.empty() ? "an empty text"
                          : code_point ? fmt::format("a text of {} bytes", text.size())
                                       : "a text that is not UTF-8"));
}

bool can_be_shown(char32_t c) { return describe_code_point(c).front() == '\''; }

// 'e' (U+0065), or U+000A alone where the character can't be shown.
std::string name_of(char32_t c) {
  const std::string number = fmt::format("U+{:04X}", static_cast<std::uint32_t>(c));
  return can_be_shown(c) ? fmt::format("{} ({})", describe_code_point(c), number) : number;
}

// Which characters there are, for messages: spelled out where that is short and harmless.
std::string describe_vocabulary(const std::vector<std::string>& uchars) {
  const bool spell_out = !uchars.empty() && uchars.size() <= kMaxListed &&
                         std::all_of(uchars.begin(), uchars.end(), [](const std::string& text) {
                           return can_be_shown(decode_utf8(text, 0)->value);
                         });
  if (!spell_out) return fmt::format("one of its {} characters", uchars.size());
  return std::accumulate(uchars.begin(), uchars.end(), std::string("one of "));
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

}  // namespace

Tokenizer::Tokenizer(std::vector<std::string> uchars, int bos)
    : uchars_(std::move(uchars)), bos_(bos) {
  if (bos != 0 && std::cmp_not_equal(bos, uchars_.size())) {
    throw Error(fmt::format("tokenizer: BOS, expected 0 or {}, got {}", uchars_.size(), bos));
  }
  for (std::size_t i = 0; i < uchars_.size(); ++i) {
    const char32_t c = single_code_point(uchars_[i], i);
    if (c >= ids_.size()) ids_.resize(c + 1, kNoToken);
    if (ids_[c] != kNoToken) {
      throw Error(fmt::format("tokenizer: character {}, expected each character once, got {} again",
                              i, name_of(c)));
    }
    ids_[c] = static_cast<int>(i) + (bos == 0 ? 1 : 0);
  }
}

Tokenizer Tokenizer::from_dataset(const Dataset& dataset, Edition edition) {
  const std::vector<char> seen = occurrences(dataset);
  std::vector<std::string> uchars;
  for (std::size_t c = 0; c < seen.size(); ++c) {
    if (seen[c] != 0) append_utf8(uchars.emplace_back(), static_cast<char32_t>(c));
  }
  const int bos = edition == Edition::kFirst ? 0 : static_cast<int>(uchars.size());
  return Tokenizer(std::move(uchars), bos);
}

void Tokenizer::append_ids(std::string_view text, std::vector<int>& ids) const {
  const std::size_t begin = ids.size();
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    if (!c) {
      throw Error(fmt::format("text: not UTF-8, expected UTF-8 text, got byte 0x{:02X} at byte {}",
                              static_cast<unsigned char>(text[at]), at + 1));
    }
    const int id = c->value < ids_.size() ? ids_[c->value] : kNoToken;
    if (id == kNoToken) {
      throw Error(
          fmt::format("text: character {} at position {} is not in the vocabulary, "
                      "expected {}",
                      name_of(c->value), ids.size() - begin + 1, describe_vocabulary(uchars_)));
    }
    ids.push_back(id);
    at += c->size;
  }
}

std::vector<int> Tokenizer::encode(std::string_view text) const {
  std::vector<int> ids;
  ids.reserve(text.size());
  append_ids(text, ids);
  return ids;
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

std::string_view Tokenizer::token_text(int token) const {
  if (token == bos_) return {};
  return uchars_[static_cast<std::size_t>(token < bos_ ? token : token - 1)];
}

}  // namespace microgpt
