// In place of src/trace/number_text.cpp: libc++'s to_chars brings 100 KiB of tables, fmt none. The
// same texts, as a test says.
#include "trace/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace microgpt {
namespace {

// The shorter of 0.00123 and 1.23e-03, the first of equals, as to_chars has it.
std::string shortest(double x) {
  const std::string text = fmt::format("{}", x);
  std::string digits;
  int exponent = 0;  // of the last digit
  const std::size_t e = text.find('e');
  bool after_point = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') after_point = true;
    if (c < '0' || c > '9') continue;
    digits += c;
    if (after_point) --exponent;
  }
  if (e != text.npos) exponent += std::atoi(text.c_str() + e + 1);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  for (; digits.size() > 1 && digits.back() == '0'; digits.pop_back()) ++exponent;
  const std::string sign = std::signbit(x) ? "-" : "";
  const int point = static_cast<int>(digits.size()) + exponent;  // digits before it
  std::string fixed = digits;
  if (exponent >= 0) {
    fixed.append(static_cast<std::size_t>(exponent), '0');
  } else if (point > 0) {
    fixed.insert(static_cast<std::size_t>(point), ".");
  } else {
    fixed = "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  }
  if (digits == "0") return sign + digits;
  std::string mantissa = digits;
  if (digits.size() > 1) mantissa.insert(1, ".");
  const std::string scientific =
      fmt::format("{}e{}{:02}", mantissa, point > 0 ? '+' : '-', std::abs(point - 1));
  // A whole number above 2^53 has digits in its fixed form that its shortest form rounds.
  if (fixed.size() <= scientific.size()) {
    return sign + (exponent > 0 ? fmt::format("{:.0f}", std::abs(x)) : fixed);
  }
  return sign + scientific;
}

}  // namespace

std::string number_text(double x, int digits) {
  if (!std::isfinite(x)) return fmt::format("{}", x);
  return digits >= 17 ? shortest(x) : fmt::format("{:.{}g}", x, digits);
}

}  // namespace microgpt
