// What a fuzz target says about a wrong result.
#pragma once

#include <cstdio>
#include <cstdlib>

// Ends the program where `good` does not hold, which the fuzzer takes for a crash and keeps the
// input.
inline void check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}
