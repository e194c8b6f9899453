#include "export/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kColumns = 100;

bool is_identifier_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

// The lines of a text, each with its line feed.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

// One level of #if ... #endif.
struct Condition {
  bool is_decided;
  bool lets_through;  // what stands inside, now
};

// What a line that begins a condition begins.
Condition condition_of(std::string_view line, std::span<const Macro> macros) {
  const bool negated = line.starts_with("#ifndef ");
  for (const Macro& macro : macros) {
    if (line == fmt::format("{} {}\n", negated ? "#ifndef" : "#ifdef", macro.name)) {
      return {true, macro.defined != negated};
    }
  }
  return {false, true};
}

char harmless(char c) {
  if (c == '"') return '\'';
  return c < ' ' || c > '~' || c == '\\' ? '?' : c;
}

}  // namespace

void fill(std::string& text, std::string_view name, std::string_view value) {
  const std::string place = fmt::format("@{}@", name);
  const std::size_t at = text.find(place);
  if (at == std::string::npos) throw Error(fmt::format("template: has no {}", place));
  text.replace(at, place.size(), value);
}

std::string resolve_conditions(std::string_view text, std::span<const Macro> macros) {
  std::string result;
  std::vector<Condition> open;
  const auto shown = [&] { return std::ranges::all_of(open, &Condition::lets_through); };
  for (const std::string_view line : lines_of(text)) {
    if (line.starts_with("#if")) {
      open.push_back(condition_of(line, macros));
      if (open.back().is_decided) continue;
    } else if (line.starts_with("#else") && open.back().is_decided) {
      open.back().lets_through = !open.back().lets_through;
      continue;
    }
    const bool ends = line.starts_with("#endif");
    if (!(ends && open.back().is_decided) && shown()) result += line;
    if (ends) open.pop_back();
  }
  return result;
}

std::string with_prefix(std::string_view text, std::string_view prefix) {
  constexpr std::string_view kLower = "gpt_", kUpper = "GPT_";
  const std::string lower = fmt::format("{}_", prefix), capitals = upper(lower);
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const bool begins = i == 0 || !is_identifier_char(text[i - 1]);
    const std::string_view rest = text.substr(i);
    if (begins && (rest.starts_with(kLower) || rest.starts_with(kUpper))) {
      result += rest.starts_with(kLower) ? lower : capitals;
      i += kLower.size();
    } else {
      result += text[i++];
    }
  }
  return result;
}

std::string in_lines(std::span<const std::string> items, std::size_t indentation) {
  std::string text;
  std::size_t column = kColumns;
  for (const std::string& item : items) {
    const bool is_last = &item == &items.back();
    if (column + 1 + item.size() + 1 > kColumns) {
      text += (text.empty() ? "" : "\n") + std::string(indentation, ' ');
      column = indentation;
    } else {
      text += ' ';
      ++column;
    }
    text += item + (is_last ? "" : ",");
    column += item.size() + 1;
  }
  return text;
}

std::string comment_lines(std::string_view remark, std::string_view margin) {
  if (remark.empty()) return "";
  std::string text = std::string(margin.substr(0, margin.find_last_not_of(' ') + 1)) + "\n";
  char before = '\n';
  text += margin;
  for (const char c : remark) {
    const bool ends = (before == '*' && c == '/') || (before == '/' && c == '*');
    if (ends) text += ' ';
    text += c == '\n' ? "\n" + std::string(margin) : std::string(1, harmless(c));
    before = c;
  }
  return text + "\n";
}

}  // namespace microgpt
