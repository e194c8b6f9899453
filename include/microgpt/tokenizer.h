// Text to token ids and back, one token for each Unicode code point.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"

namespace microgpt {

// Every distinct code point is a token; so is BOS, which stands before and after each document.
// The final edition numbers the characters from 0 and BOS last; the first edition gives BOS id 0
// and the characters 1 and up.
class Tokenizer {
 public:
  // uchars: the text of each token but BOS, one code point each in UTF-8, in the order of their
  // ids. bos: 0 or uchars.size().
  // Throws Error: a text is not exactly one code point, stands twice, or bos is another number.
  Tokenizer(std::vector<std::string> uchars, int bos);

  // The characters of the documents, sorted by code point.
  static Tokenizer from_dataset(const Dataset& dataset, Edition edition);

  int vocab_size() const { return static_cast<int>(uchars_.size()) + 1; }
  int bos() const { return bos_; }
  const std::vector<std::string>& uchars() const { return uchars_; }

  // Ids of the code points of a UTF-8 text, without BOS.
  // Throws Error: the text is not UTF-8, or has a character that is not in the vocabulary.
  std::vector<int> encode(std::string_view text) const;

  // BOS, the document's ids, BOS: what a model is trained on. The second form overwrites tokens.
  std::vector<int> encode_document(std::string_view text) const;
  void encode_document(std::string_view text, std::vector<int>& tokens) const;

  // BOS and the ids of a running text, from which windows are cut.
  std::vector<int> encode_text(std::string_view text) const;

  // The text of one token, empty for BOS. REQUIRES: 0 <= token < vocab_size().
  std::string_view token_text(int token) const;

  bool operator==(const Tokenizer& other) const {
    return uchars_ == other.uchars_ && bos_ == other.bos_;
  }

 private:
  void append_ids(std::string_view text, std::vector<int>& ids) const;

  std::vector<std::string> uchars_;
  int bos_;
  std::vector<int> ids_;  // by code point, -1 where there is no token
};

}  // namespace microgpt
