// What a model learns from: documents, read as microgpt.py reads input.txt, or one running text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
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

  // UTF-8; valid while this dataset or a subset of it lives.
  std::string_view operator[](std::size_t i) const {
    return std::string_view(*text_).substr(documents_[i].begin, documents_[i].size);
  }

  // random.shuffle(docs).
  void shuffle(PythonRandom& random);

  // The documents of these numbers, in this order.
  Dataset subset(std::span<const std::size_t> numbers) const;

  // Lower-case hexadecimal SHA-256 of the bytes that were given; of a subset, those of the whole.
  const std::string& sha256() const { return sha256_; }

 private:
  struct Slice {
    std::size_t begin;
    std::size_t size;
  };

  void split_lines();

  Sequences sequences_;
  std::shared_ptr<const std::string> text_;  // UTF-8
  std::vector<Slice> documents_;
  std::string sha256_;
};

// Documents to learn from, and documents to be judged by.
struct Split {
  Dataset train, held_out;
};

// Deals out the documents so that no text stands on both sides: a model that has learned a text by
// heart is not praised for it. Of the different texts, a share is drawn and held out, at least one,
// with all their copies; both sides keep the order of the documents. The split depends on the
// documents, the share and the seed alone.
// Throws Error: the share is not above 0 and below 1, the data is one running text, or all its
// documents are the same.
Split split_documents(const Dataset& dataset, double share, std::uint64_t seed);

// The same as if every document had a text of its own: copies can stand on both sides. For showing
// what that does to a loss.
Split split_rows(const Dataset& dataset, double share, std::uint64_t seed);

}  // namespace microgpt
