// In place of src/base/memory.cpp: WebAssembly addresses 4 GiB, and a page should take far less.
#include "base/memory.h"

#include "microgpt/error.h"

namespace microgpt {

void check_memory(const std::string& where, double bytes) {
  constexpr double kLimit = 0x1p30;
  if (bytes <= kLimit) return;
  throw Error(where + ": too large for a page, expected at most 1 GiB");
}

}  // namespace microgpt
