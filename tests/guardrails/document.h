// docs/guardrails.md as data, so that tests can hold it to what it says.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace microgpt::test {

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string read_document() { return read_text(MICROGPT_SOURCE_DIR "/docs/guardrails.md"); }

// Cuts a text at each separator.
inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

using Row = std::vector<std::string>;

// The rows of the table that begins with a line; cells without the first, which is empty.
inline std::vector<Row> table_after(const std::string& first_line) {
  const std::string document = read_document();
  const std::size_t begin = document.find(first_line + "\n");
  EXPECT_NE(begin, std::string::npos) << first_line;
  std::vector<Row> rows;
  for (const std::string& line : split(document.substr(begin), '\n')) {
    if (!line.starts_with("|")) break;
    const Row cells = split(line, '|');
    rows.emplace_back(cells.begin() + 1, cells.end());
  }
  EXPECT_GT(rows.size(), 2u) << first_line;
  rows.erase(rows.begin(), rows.begin() + 2);  // the titles and the line below them
  return rows;
}

// What stands between back quotes in a cell.
inline std::vector<std::string> quoted(const std::string& cell) {
  std::vector<std::string> items;
  const std::vector<std::string> parts = split(cell, '`');
  for (std::size_t i = 1; i < parts.size(); i += 2) items.push_back(parts[i]);
  return items;
}

}  // namespace microgpt::test
