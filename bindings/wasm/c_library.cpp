// What the library calls of C's, leaner than wasi-libc has it: reading a number there goes through
// 128-bit floats, printing one brings streams, and an abort prints.
#include <math.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace std {

// No handler that could be set: who throws where nothing may be thrown stops the program.
void terminate() noexcept { __builtin_trap(); }

}  // namespace std

extern "C" {

void abort() { __builtin_trap(); }

// For decimal numbers and no white space, as JSON has them.
double strtod(const char* text, char** end) {
  double value = 0;
  const auto result = std::from_chars(text, text + std::strlen(text), value);
  if (result.ec == std::errc::result_out_of_range) {
    // Too large, or next to nothing: JSON's reader wants to know which.
    const char* e = std::strpbrk(text, "eE");
    value = e != nullptr && e[1] == '-' ? 0.0 : __builtin_inf();
    if (*text == '-') value = -value;
  }
  if (end != nullptr) *end = const_cast<char*>(result.ptr);
  return value;
}

// musl's are off by up to an ulp in one of six cases. Rounded from 113 bits, they are the nearest
// double, and glibc's are that but for rare cases.
double sin(double x) { return static_cast<double>(sinl(x)); }
double cos(double x) { return static_cast<double>(cosl(x)); }

}  // extern "C"
