#include "trace/number_text.h"

#include <array>
#include <charconv>

namespace microgpt {

std::string number_text(double x, int digits) {
  std::array<char, 32> text;
  char* const end = text.data() + text.size();
  const auto result = digits >= 17
                          ? std::to_chars(text.data(), end, x)
                          : std::to_chars(text.data(), end, x, std::chars_format::general, digits);
  return std::string(text.data(), result.ptr);
}

}  // namespace microgpt
