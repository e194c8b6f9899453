// Text in an HTML file.
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

// What printable() makes of it, with what HTML would read as its own written as entities.
std::string html_text(std::string_view text);

}  // namespace microgpt
