// What HTML files begin with and how they hold text.
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

// What printable() makes of it, with what HTML would read as its own written as entities.
std::string html_text(std::string_view text);

// The beginning of a report, which has tables and pictures and no script, up to its title as
// a heading; `styles` are lines of CSS besides what all reports have.
std::string html_head(std::string_view title, std::string_view styles);

}  // namespace microgpt
