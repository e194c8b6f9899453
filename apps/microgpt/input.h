// What the program reads that is no data set and no model.
#pragma once

#include <cstddef>
#include <string>

namespace microgpt {

// The first bytes of a file, at most `most`. Throws Error: it can't be read.
std::string read_bytes(const std::string& path, std::size_t most = std::string::npos);

// The same of standard input.
std::string read_standard_input(std::size_t most);

}  // namespace microgpt
