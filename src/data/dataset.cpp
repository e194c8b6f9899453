#include "microgpt/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/sha256.h"
#include "base/unicode.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 31;

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

// "line 3, byte 7", both counted from 1, of the byte at bytes[at].
std::string place(std::string_view bytes, std::size_t at) {
  std::size_t line = 1, begin = 0;
  for (std::size_t i = 0; i < at; ++i) {
    if (!is_line_end(bytes[i])) continue;
    begin = i + 1;
    const bool half_of_crlf = bytes[i] == '\r' && bytes[i + 1] == '\n';
    if (!half_of_crlf) ++line;
  }
  return fmt::format("line {}, byte {}", line, at - begin + 1);
}

void check_no_nul(std::string_view bytes, const std::string& where) {
  const std::size_t at = bytes.find('\0');
  if (at == bytes.npos) return;
  throw Error(
      fmt::format("{}: NUL byte, expected text, got byte 0x00 at {}; the file is binary "
                  "or UTF-16, save it as UTF-8",
                  where, place(bytes, at)));
}

void check_utf8(std::string_view bytes, const std::string& where) {
  for (std::size_t at = ascii_prefix(bytes); at < bytes.size();
       at += ascii_prefix(bytes.substr(at))) {
    const auto code_point = decode_utf8(bytes, at);
    if (!code_point) {
      throw Error(
          fmt::format("{}: not UTF-8, expected UTF-8 text, got byte 0x{:02X} at {}; for "
                      "an older file try --encoding latin-1",
                      where, static_cast<unsigned char>(bytes[at]), place(bytes, at)));
    }
    at += code_point->size;
  }
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) append_utf8(text, static_cast<unsigned char>(c));
  return text;
}

// Python's universal newlines: \r\n and \r become \n.
void normalize_newlines(std::string& text) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text[size++] = text[i] == '\r' ? '\n' : text[i];
  }
  text.resize(size);
}

}  // namespace

std::string_view to_string(Sequences sequences) {
  return sequences == Sequences::kDocuments ? "documents" : "windows";
}

Sequences parse_sequences(std::string_view name) {
  for (const Sequences sequences : {Sequences::kDocuments, Sequences::kWindows}) {
    if (to_string(sequences) == name) return sequences;
  }
  throw Error(
      fmt::format("sequences: no such name, expected documents or windows, got '{}'", name));
}

Dataset::Dataset(std::string bytes, const std::string& where, Encoding encoding,
                 Sequences sequences)
    : sequences_(sequences), sha256_(sha256_hex(bytes)) {
  check_no_nul(bytes, where);
  if (encoding == Encoding::kUtf8) check_utf8(bytes, where);
  const bool empty = bytes.empty();
  std::string text = encoding == Encoding::kUtf8 ? std::move(bytes) : latin1_to_utf8(bytes);
  if (sequences == Sequences::kWindows) normalize_newlines(text);
  text_ = std::make_shared<const std::string>(std::move(text));
  if (sequences == Sequences::kDocuments) {
    split_lines();
  } else if (!text_->empty()) {
    documents_.push_back({0, text_->size()});
  }
  if (documents_.empty()) {
    throw Error(fmt::format("{}: no {}, expected at least one line of text, got {}", where,
                            sequences == Sequences::kWindows ? "text" : "documents",
                            empty ? "an empty file" : "only white space"));
  }
}

// Python turns \r\n and \r into \n and splits there. To end a line at either character is the same,
// for the empty line that \r\n makes is dropped.
void Dataset::split_lines() {
  const std::string_view text = *text_;
  const bool has_returns = text.find('\r') != text.npos;  // else memchr finds the ends
  for (std::size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = has_returns ? text.find_first_of("\r\n", begin) : text.find('\n', begin);
    end = std::min(end, text.size());
    const std::string_view document = python_strip(text.substr(begin, end - begin));
    if (document.empty()) continue;
    documents_.push_back(
        {static_cast<std::size_t>(document.data() - text.data()), document.size()});
  }
}

Dataset Dataset::read(const std::string& path, Encoding encoding, Sequences sequences) {
  return Dataset(read_file(path, path, kMaxBytes), path, encoding, sequences);
}

void Dataset::shuffle(PythonRandom& random) { random.shuffle(std::span(documents_)); }

Dataset Dataset::subset(std::span<const std::size_t> numbers) const {
  Dataset subset = *this;
  subset.documents_.clear();
  for (const std::size_t i : numbers) subset.documents_.push_back(documents_[i]);
  return subset;
}

}  // namespace microgpt
