// Text to token ids and back: a token is a code point, what a reader takes for one character, or a
// byte.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"

namespace microgpt {

// What a text is cut into. Graphemes are Unicode's extended grapheme clusters (UAX #29): a letter
// with its marks, a Korean syllable however it is spelled, a family of emoji.
enum class TokenKind { kCodepoint, kGrapheme, kByte };

std::string_view to_string(TokenKind kind);         // "codepoint", "grapheme", "byte"
TokenKind parse_token_kind(std::string_view name);  // the inverse; throws Error: no such name

// How many bytes the character of a kind at text[at] takes, 0 where they are not UTF-8.
// REQUIRES: at < text.size().
std::size_t character_size(std::string_view text, std::size_t at, TokenKind kind);

// Every distinct character is a token, or grapheme, or byte; so is BOS, which stands before and
// after each document. The final edition numbers the characters from 0 and BOS last; the first
// edition gives BOS id 0 and the characters 1 and up. microgpt.py's characters are code points.
class Tokenizer {
 public:
  // uchars: the text of each token but BOS, in the order of their ids: of its kind one each, in
  // UTF-8 unless they are bytes. bos: 0 or uchars.size().
  // Throws Error: a text is not exactly one of its kind, stands twice, or bos is another number.
  Tokenizer(std::vector<std::string> uchars, int bos, TokenKind kind = TokenKind::kCodepoint);

  // The characters of the documents, sorted by code points, or bytes.
  static Tokenizer from_dataset(const Dataset& dataset, Edition edition,
                                TokenKind kind = TokenKind::kCodepoint);

  TokenKind kind() const { return kind_; }
  int vocab_size() const { return static_cast<int>(uchars_.size()) + 1; }
  int bos() const { return bos_; }
  const std::vector<std::string>& uchars() const { return uchars_; }

  // Ids of the characters of a UTF-8 text, without BOS. Bytes need not be UTF-8.
  // Throws Error: the text is not UTF-8, or has a character that is not in the vocabulary.
  std::vector<int> encode(std::string_view text) const;

  // The same, or nothing where encode throws.
  std::optional<std::vector<int>> try_encode(std::string_view text) const;

  // The text of some ids. Graphemes that are next to each other can be others when they are read
  // again: a letter, and a mark that was a grapheme by itself.
  std::string decode(std::span<const int> tokens) const;

  // BOS, the document's ids, BOS: what a model is trained on. The second form overwrites tokens.
  std::vector<int> encode_document(std::string_view text) const;
  void encode_document(std::string_view text, std::vector<int>& tokens) const;

  // BOS and the ids of a running text, from which windows are cut.
  std::vector<int> encode_text(std::string_view text) const;

  // How many tokens a text has, without BOS, whether or not they are in the vocabulary.
  // REQUIRES: text is UTF-8.
  std::size_t count_tokens(std::string_view text) const;

  // The text of one token, empty for BOS. REQUIRES: 0 <= token < vocab_size().
  std::string_view token_text(int token) const;

  // The same where only UTF-8 can stand: a byte is written as the code point of its number.
  std::string token_name(int token) const;

  // How many letters a token begins: its code points, 0 for a byte that continues one, and for BOS.
  int count_letters(int token) const;

  bool operator==(const Tokenizer& other) const {
    return uchars_ == other.uchars_ && bos_ == other.bos_ && kind_ == other.kind_;
  }

 private:
  int id_of(std::string_view character) const;
  void append_ids(std::string_view text, std::vector<int>& ids) const;

  // Ids up to the first character that has none; where that is, or the text's end.
  std::size_t append_known_ids(std::string_view text, std::vector<int>& ids) const;

  std::vector<std::string> uchars_;
  int bos_;
  TokenKind kind_;
  std::vector<int> ids_;  // of one code point or byte, by its number; -1 where there is no token
  std::map<std::string, int, std::less<>> long_ids_;  // of graphemes of several code points
};

}  // namespace microgpt
