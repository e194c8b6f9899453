// Dataset and Tokenizer: documents are clean, and decoding what was encoded gives them back.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unicode.h"
#include "check.h"
#include "microgpt/dataset.h"
#include "microgpt/error.h"
#include "microgpt/tokenizer.h"

namespace {

using microgpt::Dataset;
using microgpt::Tokenizer;

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto code_point = microgpt::decode_utf8(text, at);
    if (!code_point) return false;
    at += code_point->size;
  }
  return true;
}

void check_document(std::string_view document, const Tokenizer& tokenizer) {
  std::string decoded;
  for (const int token : tokenizer.encode(document)) decoded += tokenizer.token_text(token);
  check(decoded == document, "decode(encode(document)) is not the document");

  const std::vector<int> tokens = tokenizer.encode_document(document);
  check(tokens.size() == tokenizer.count_tokens(document) + 2, "tokens are counted wrongly");
  check(tokens.size() >= 3 && tokens.front() == tokenizer.bos() && tokens.back() == tokenizer.bos(),
        "a document is not BOS, characters, BOS");
}

void check_dataset(const Dataset& dataset) {
  check(dataset.size() > 0, "no documents");
  using enum microgpt::TokenKind;
  std::vector<Tokenizer> tokenizers;
  for (const auto kind : {kCodepoint, kGrapheme, kByte}) {
    for (const auto edition : {microgpt::Edition::kFinal, microgpt::Edition::kFirst}) {
      tokenizers.push_back(Tokenizer::from_dataset(dataset, edition, kind));
    }
  }
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const std::string_view document = dataset[i];
    check(is_utf8(document), "a document is not UTF-8");
    check(document.find_first_of("\n\r") == std::string_view::npos, "a document has two lines");
    check(!document.empty() && microgpt::python_strip(document) == document,
          "a document has white space at an end");
    for (const Tokenizer& tokenizer : tokenizers) check_document(document, tokenizer);
  }
}

}  // namespace

// The first byte says the encoding, the rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto encoding = bytes[0] == 'l' ? microgpt::Encoding::kLatin1 : microgpt::Encoding::kUtf8;
  std::optional<Dataset> dataset;
  try {
    dataset.emplace(std::string(bytes.substr(1)), "input", encoding);
  } catch (const microgpt::Error&) {
  }
  if (dataset) check_dataset(*dataset);
  return 0;
}
