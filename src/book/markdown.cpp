#include "book/markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace microgpt {
namespace {

using Lines = std::vector<std::string>;

// Words that would begin a list, a heading or a quotation if a line began with them.
bool may_begin_line(std::string_view word) {
  const bool is_number = word.find_first_not_of("0123456789") == word.size() - 1;
  return word != "+" && word != "-" && word != "*" && word != "=" && word[0] != '#' &&
         word[0] != '>' && word[0] != '|' &&
         !(is_number && (word.back() == '.' || word.back() == ')'));
}

// Characters, of which UTF-8 has the first byte only.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The lines of a paragraph or list item, those after the first indented.
std::string wrap(const std::string& text, std::size_t columns, std::size_t indent) {
  std::istringstream words(text);
  std::string wrapped, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && width(line) + 1 + width(word) > columns && may_begin_line(word)) {
      wrapped += line + "\n";
      line = std::string(indent, ' ') + word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
  }
  return wrapped + line + "\n";
}

// "| a | b\|c |" as {"a", "b\|c"}
Lines cells_of(const std::string& row) {
  Lines cells(1);
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] == '|' && row[i - 1] != '\\') {
      cells.emplace_back();
    } else {
      cells.back() += row[i];
    }
  }
  cells.pop_back();  // what is behind the last bar
  for (std::string& cell : cells) {
    const auto begin = cell.find_first_not_of(' ');
    const auto end = cell.find_last_not_of(' ');
    cell = begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1);
  }
  return cells;
}

// Of a cell as it is read, where "\|" is one bar.
std::size_t cell_width(const std::string& cell) {
  std::size_t bars = 0;
  for (std::size_t at = 0; (at = cell.find("\\|", at)) != std::string::npos; at += 2) ++bars;
  return width(cell) - bars;
}

bool is_rule(const Lines& cells) {
  return std::ranges::all_of(cells, [](const std::string& cell) {
    return !cell.empty() && cell.find_first_not_of('-') == std::string::npos;
  });
}

std::string align_table(const Lines& rows) {
  std::vector<Lines> table;
  std::vector<std::size_t> widths;
  for (const std::string& row : rows) {
    table.push_back(cells_of(row));
    widths.resize(std::max(widths.size(), table.back().size()), 1);
    for (std::size_t i = 0; i < table.back().size() && !is_rule(table.back()); ++i) {
      widths[i] = std::max(widths[i], cell_width(table.back()[i]));
    }
  }
  std::string text;
  for (const Lines& cells : table) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t padding = widths[i] - std::min(widths[i], cell_width(cells[i]));
      text += is_rule(cells) ? fmt::format("| {:-<{}} ", "", widths[i])
                             : fmt::format("| {}{:{}} ", cells[i], "", padding);
    }
    text += "|\n";
  }
  return text;
}

// Goes through the lines and writes a block out where the next one begins.
class Wrapper {
 public:
  explicit Wrapper(std::size_t columns) : columns_(columns) {}

  void add(const std::string& line) {
    if (line.starts_with("```")) {
      end_block();
      is_fenced_ = !is_fenced_;
      text_ += line + "\n";
    } else if (is_fenced_ || line.empty() || line.starts_with('#')) {
      end_block();
      text_ += line + "\n";
    } else if (line.starts_with('|')) {
      table_.push_back(line);
    } else {
      if (line.starts_with("- ")) end_block();
      paragraph_ += line + "\n";
    }
  }

  std::string finish() {
    end_block();
    return std::move(text_);
  }

 private:
  void end_block() {
    if (!paragraph_.empty()) text_ += wrap(paragraph_, columns_, paragraph_[0] == '-' ? 2 : 0);
    if (!table_.empty()) text_ += align_table(table_);
    paragraph_.clear();
    table_.clear();
  }

  std::size_t columns_;
  bool is_fenced_ = false;
  std::string paragraph_;
  Lines table_;
  std::string text_;
};

}  // namespace

std::string wrap_markdown(std::string_view text, std::size_t columns) {
  Wrapper wrapper(columns);
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) wrapper.add(line);
  return wrapper.finish();
}

}  // namespace microgpt
