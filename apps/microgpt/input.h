// What the program reads that is no data set and no model.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace microgpt {

// The first bytes of a file, at most `most`. Throws Error: it can't be read.
std::string read_bytes(const std::string& path, std::size_t most = std::string::npos);

// The same of standard input.
std::string read_standard_input(std::size_t most);

// Hands over the bytes of a file, or of standard input for "-", block by block, until take returns
// false. Throws Error: it can't be read.
void read_blocks(const std::string& path, const std::function<bool(std::string_view)>& take);

}  // namespace microgpt
