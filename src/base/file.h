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
// the disk and renamed over it. After a power cut the old bytes may be there, but never a part of
// the new ones; sync_folder makes the renaming last. On any failure the temporary file is removed
// and path is as before. A path that exists and is no regular file (/dev/stdout, /dev/full, a pipe)
// is written in place. Throws Error: a step failed; the message says which and why.
void write_file_atomic(const std::string& path, std::string_view bytes);

// Flushes what was renamed in a folder to the disk. A folder that can't be flushed holds whole
// files all the same, so there is nothing to report.
void sync_folder(const std::string& folder);

}  // namespace microgpt
