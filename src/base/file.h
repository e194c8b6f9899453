// Files, read and written whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt {

// The bytes of a file. Throws Error starting with "where: ": it does not exist, is a folder, can't
// be read, or is larger than max_bytes (checked before reading where the size is known).
std::string read_file(const std::string& path, const std::string& where, std::size_t max_bytes);

// Replaces path with bytes, whole or not at all: a temporary file beside it is written, flushed to
// the disk and renamed over it. On any failure the temporary file is removed and path is as before.
// A path that exists and is no regular file (/dev/stdout, /dev/full, a pipe) is written in place.
// Throws Error: a step failed; the message says which and why.
void write_file_atomic(const std::string& path, std::string_view bytes);

}  // namespace microgpt
