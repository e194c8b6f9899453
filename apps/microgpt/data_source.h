// Where the data comes from.
#pragma once

#include <optional>
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

// What load_data takes for the file at a path, whatever that is called: "./names".
std::string data_of_file(const std::string& path);

// Data for somebody else to read, as it is on the disk.
struct LocalData {
  std::string bytes;
  std::string origin;  // "names", or the name of a file
};

// What load_data would read, unless that is the embedded names or had to be fetched.
// Throws Error: a file that can't be read, has no documents or is too large for a page; names are
// asked for and not in the cache.
std::optional<LocalData> find_local_data(const std::string& data);

}  // namespace microgpt
