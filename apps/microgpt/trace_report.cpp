#include "trace_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "message.h"

namespace microgpt {

std::string token_label(const Tokenizer& tokenizer, int token) {
  if (token == tokenizer.bos()) return "BOS";
  const std::string text(tokenizer.token_text(token));
  return text == "\n" ? "\\n" : printable(text);
}

std::string shape_label(const Traced& traced) {
  return traced.shape.empty() ? "" : fmt::format("[{}]", fmt::join(traced.shape, ", "));
}

std::string place_of(const Origin& origin) {
  return origin.file.empty() ? "" : fmt::format("{}:{}", origin.file, origin.line);
}

std::string python_place_of(const Origin& origin) {
  if (origin.python_line == 0) return "";
  const std::string line = fmt::format("microgpt.py:{}", origin.python_line);
  return origin.python_function.empty() ? line
                                        : fmt::format("{} in {}", line, origin.python_function);
}

std::string decimals(double x, int precision) {
  if (std::isnan(x)) return "nan";
  std::string text = fmt::format("{:.{}f}", x, precision);
  if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return text;
}

std::vector<std::string> cells_of(std::span<const double> numbers, int precision) {
  constexpr int kWorthIt = 3;  // decimals from which on scientific notation says more
  double max = 0;
  for (const double x : numbers) max = std::max(max, std::abs(x));
  const bool tiny = precision >= kWorthIt && max > 0 && max < std::pow(10.0, 2 - precision);
  std::vector<std::string> cells;
  for (const double x : numbers) {
    cells.push_back(tiny && x != 0 ? fmt::format("{:.{}e}", x, precision - 2)
                                   : decimals(x, precision));
  }
  return cells;
}

bool is_in(std::string_view name, std::string_view part) {
  if (part.empty() || name == part) return true;
  return name.starts_with(part) && (name[part.size()] == '.');
}

bool is_parameter(const Trace& trace, const Traced& traced) {
  return !traced.nodes.empty() && traced.nodes.front() < trace.config.num_params() &&
         !position_of(traced.name);
}

std::optional<std::size_t> position_of(std::string_view name) {
  if (!name.starts_with("pos")) return std::nullopt;
  std::size_t pos = 0;
  std::from_chars(name.data() + 3, name.data() + name.size(), pos);
  return pos;
}

}  // namespace microgpt
