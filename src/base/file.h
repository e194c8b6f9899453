// Files, read and written whole.
#pragma once

#include <cstddef>
#include <string>

#include "microgpt/file.h"

namespace microgpt {

// The bytes of a file. Throws Error starting with "where: ": it does not exist, is a folder, can't
// be read, or is larger than max_bytes (checked before reading where the size is known).
std::string read_file(const std::string& path, const std::string& where, std::size_t max_bytes);

// Flushes to the disk what write_file_atomic renamed in a folder, so that it lasts. A folder that
// can't be flushed holds whole files all the same, so there is nothing to report.
void sync_folder(const std::string& folder);

}  // namespace microgpt
