// Files, written whole.
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

// Replaces path with bytes, whole or not at all: a temporary file beside it is written, flushed to
// the disk and renamed over it. After a power cut the old bytes may be there, but never a part of
// the new ones. On any failure the temporary file is removed and path is as before. A path that
// exists and is no regular file (/dev/stdout, /dev/full, a pipe) is written in place. Throws Error:
// a step failed; the message says which and why.
void write_file_atomic(const std::string& path, std::string_view bytes);

}  // namespace microgpt
