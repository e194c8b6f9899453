#include "message.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdio>

namespace microgpt {
namespace {

// Whether a character of three bytes, or the two of U+061C, changes the direction of others:
// U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
bool is_direction_mark(std::string_view c) {
  const auto last = static_cast<unsigned char>(c.back());
  if (c.starts_with("\xe2\x80"))
    return last == 0x8e || last == 0x8f || (last >= 0xaa && last <= 0xae);
  if (c.starts_with("\xe2\x81")) return last >= 0xa6 && last <= 0xa9;
  return c == "\xd8\x9c";
}

// How many bytes the character at the front of a text takes; 0: it is a control character, a mark
// of direction or not UTF-8. Overlong forms pass: terminals refuse them themselves.
std::size_t printable_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return (first >= 0x20 && first != 0x7f) || first == '\n' ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (byte(i) >> 6 != 0b10) return 0;
  }
  const bool is_c1_control = first == 0xc2 && byte(1) < 0xa0;
  return is_c1_control || is_direction_mark(text.substr(0, size)) ? 0 : size;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = printable_size(text);
    if (size > 0) {
      result += text.substr(0, size);
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(size > 0 ? size : 1);
  }
  return result;
}

void print_error(std::string_view text) { print_note(fmt::format("microgpt: {}", text)); }

void print_note(std::string_view text) {
  const std::string line = printable(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string shell_quoted(const std::string& path) {
  constexpr char kPlain[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+,:@%";
  if (!path.empty() && path.find_first_not_of(kPlain) == std::string::npos) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string counted(std::size_t number, const std::string& noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

}  // namespace microgpt
