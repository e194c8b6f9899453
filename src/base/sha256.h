// SHA-256 of bytes.
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

// Lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace microgpt
