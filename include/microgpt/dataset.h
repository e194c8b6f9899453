// What a model learns from: documents, read as microgpt.py reads input.txt, or one running text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/random.h"

namespace microgpt {

enum class Encoding { kUtf8, kLatin1 };

// What a file holds, and what sequences of tokens are made of it: documents, one a line; or one
// text, of which each sequence is a window of block_size + 1 tokens.
enum class Sequences { kDocuments, kWindows };

std::string_view to_string(Sequences sequences);   // "documents", "windows"
Sequences parse_sequences(std::string_view name);  // the inverse; throws Error: no such name

// A list of documents, one a line. Lines end at \n, \r\n or \r; white space at both ends of a line
// (Python's str.strip, any script) is cut off; lines with nothing left are dropped.
// For windows the list has one element, the whole text, in which each line ends with \n.
class Dataset {
 public:
  // bytes: the content of a file; where: its name for messages.
  // Throws Error: bytes are not of that encoding (with line and byte), a NUL byte (the file is
  // binary, or UTF-16), or no document at all.
  Dataset(std::string bytes, const std::string& where, Encoding encoding = Encoding::kUtf8,
          Sequences sequences = Sequences::kDocuments);

  // Reads a file whole. Throws Error also: it can't be opened or read, or is a folder.
  static Dataset read(const std::string& path, Encoding encoding = Encoding::kUtf8,
                      Sequences sequences = Sequences::kDocuments);

  Sequences sequences() const { return sequences_; }

  std::size_t size() const { return documents_.size(); }

  // UTF-8; valid while this dataset lives.
  std::string_view operator[](std::size_t i) const {
    return std::string_view(text_).substr(documents_[i].begin, documents_[i].size);
  }

  // random.shuffle(docs).
  void shuffle(PythonRandom& random);

  // Lower-case hexadecimal SHA-256 of the bytes that were given.
  const std::string& sha256() const { return sha256_; }

 private:
  struct Slice {
    std::size_t begin;
    std::size_t size;
  };

  void split_lines();

  Sequences sequences_;
  std::string text_;  // UTF-8
  std::vector<Slice> documents_;
  std::string sha256_;
};

}  // namespace microgpt
