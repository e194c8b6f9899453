// Where the data comes from.
#pragma once

#include <string>

#include "microgpt/dataset.h"

namespace microgpt {

struct LoadedData {
  Dataset dataset;
  std::string provenance;  // "names", "embedded" or an absolute path
  std::string origin;      // for people: which file, and why not another
};

// Reads documents, or a running text.
//   data: a file, "names" or "embedded"; empty, as in microgpt.py: input.txt in the current folder
//   if there is one, otherwise names, or embedded where those can't be had.
// names is the file that microgpt.py downloads: from the user's cache, or from the network into it.
// Throws Error: see Dataset; names can't be had.
LoadedData load_data(const std::string& data, Encoding encoding, Sequences sequences);

}  // namespace microgpt
