// Whether a document that a model wrote is new.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "microgpt/dataset.h"

namespace microgpt {

enum class Novelty { kCopy, kNearCopy, kNew };

// The documents that a model learned from, to hold others against.
class KnownDocuments {
 public:
  explicit KnownDocuments(const Dataset& dataset);

  // A copy is one of the documents. A near copy is one after it has lost a letter, got one, or had
  // one replaced by another or moved. Letters are code points, or bytes that
  // are no UTF-8. Compares 64-bit hashes: of a million texts one in ten million or so is taken for
  // known by accident.
  Novelty novelty_of(std::string_view text) const;

 private:
  std::vector<std::uint64_t> whole_;    // hashes of the documents, in order
  std::vector<std::uint64_t> without_;  // and of what each is without one of its letters
};

}  // namespace microgpt
