// What the program says to the person: lines on standard error.
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

// The text with control characters, marks of direction and bytes that are not UTF-8 as \xNN, so
// that no file or argument can steer a terminal or turn a line round. Line feeds stay.
std::string printable(std::string_view text);

// "microgpt: text"
void print_error(std::string_view text);

void print_note(std::string_view text);

// A path as it can be typed into a shell.
std::string shell_quoted(const std::string& path);

// 4192 as "4,192".
std::string grouped(std::size_t number);

// "1 line", "4,192 lines"
std::string counted(std::size_t number, const std::string& noun);

}  // namespace microgpt
