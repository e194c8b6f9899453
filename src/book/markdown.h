// Markdown as text to be read: wrapped, with tables in columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt {

// Wraps paragraphs and list items at so many columns and pads the cells of tables. Headings and
// fenced blocks stay as they are. Knows no more of Markdown than the book needs.
std::string wrap_markdown(std::string_view text, std::size_t columns);

}  // namespace microgpt
