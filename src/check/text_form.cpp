#include "check/text_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

namespace microgpt::check {
namespace {

// Control characters, but for those that text files have: white space and escape sequences.
bool is_no_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && !(byte >= '\t' && byte <= '\r') && byte != 0x1B;
}

}  // namespace

std::string to_nfc(std::string_view text) {
  utf8proc_uint8_t* made = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &made,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

// A text of mostly Western letters in UTF-16 has NUL as every other byte. In other files a control
// character now and then is an accident, and many are not.
std::string_view foreign_encoding(std::string_view first_bytes) {
  using namespace std::string_view_literals;
  if (first_bytes.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32, little-endian";
  if (first_bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32, big-endian";
  if (first_bytes.starts_with("\xFF\xFE"sv)) return "UTF-16, little-endian";
  if (first_bytes.starts_with("\xFE\xFF"sv)) return "UTF-16, big-endian";
  if (first_bytes.starts_with("\x1F\x8B"sv)) return "compressed by gzip";
  std::size_t nuls[2] = {};  // at even and at odd places
  for (std::size_t i = 0; i < first_bytes.size(); ++i) nuls[i % 2] += first_bytes[i] == '\0';
  const std::size_t most = std::max(nuls[0], nuls[1]), least = std::min(nuls[0], nuls[1]);
  if (most >= 2 && most * 4 > first_bytes.size() && least * 20 < most) {
    return nuls[1] > nuls[0] ? "UTF-16, little-endian" : "UTF-16, big-endian";
  }
  const std::size_t both = most + least;
  const auto controls = static_cast<std::size_t>(std::ranges::count_if(first_bytes, is_no_text));
  const bool is_binary = (both >= 8 && both * 100 > first_bytes.size()) ||
                         (controls >= 8 && controls * 20 > first_bytes.size());
  return is_binary ? "binary data" : "";
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace microgpt::check
