// Forms of texts: normal ones, encodings, numbers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt::check {

// The same text in NFC. REQUIRES: text is UTF-8.
std::string to_nfc(std::string_view text);

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Why a file with these first bytes is no text in UTF-8 or Latin-1: "UTF-16, little-endian",
// "binary data"; empty if it may be one.
std::string_view foreign_encoding(std::string_view first_bytes);

// "4,192"
std::string grouped(std::size_t number);

}  // namespace microgpt::check
