// Test vectors as JSON: docs/conformance.md describes them.
#pragma once

#include <string>
#include <vector>

#include "conform/run.h"
#include "microgpt/conform.h"

namespace microgpt::conform {

// How much of a run to write down.
struct Extent {
  std::vector<std::int64_t> traced;  // steps, counted from 1
  bool values = false;               // of the parameters, and the documents
};

// The numbers of a whole run as one JSON object, doubles in hexadecimal. run: at its beginning.
std::string format_vectors(Run& run, const Recipe& recipe, const Corpus& corpus,
                           const Extent& extent);

}  // namespace microgpt::conform
