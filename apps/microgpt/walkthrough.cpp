#include "walkthrough.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "trace_report.h"

namespace microgpt {
namespace {

constexpr int kPrintedDecimals = 2;  // to which the walkthrough rounds

double number_at(const Trace& trace, std::string_view path) {
  const Element element = find_element(trace, path);
  return trace.traced[element.traced].data[element.index];
}

// The same step with the printed cache, each number rounded as the walkthrough does.
Trace rounded_by_hand(const Trace& trace) {
  const Model toy = toy_model();
  return microgpt::trace(
      toy.config, toy.state, trace.tokens,
      {.backward = false, .step = {}, .round = kPrintedDecimals, .cache = toy_printed_cache()});
}

std::string shown(double x, const PrintedFigure& figure) { return decimals(x, figure.decimals); }

// Why a figure is another one than the model's.
std::string reason(const PrintedFigure& figure, const Trace& by_hand) {
  const std::string printed = shown(figure.printed, figure);
  const std::string rounded = shown(number_at(by_hand, figure.path), figure);
  if (rounded == printed) return "rounding at every step";
  for (const PrintedFigure& other : toy_printed_figures()) {
    const bool is_its_log =
        figure.path.ends_with(".loss") && other.path.find(".probs") != figure.path.npos;
    if (is_its_log && shown(-std::log(other.printed), figure) == printed) {
      return fmt::format("-log of the rounded {} that is printed for {}",
                         shown(other.printed, other), other.path);
    }
  }
  return fmt::format("a slip: rounding at every step gives {} too", rounded);
}

std::string compare_figures(const Trace& trace) {
  const Trace by_hand = rounded_by_hand(trace);
  std::string rows;
  std::size_t off = 0;
  for (const PrintedFigure& figure : toy_printed_figures()) {
    const double here = number_at(trace, figure.path);
    if (shown(here, figure) == shown(figure.printed, figure)) continue;
    ++off;
    rows += fmt::format("\n  {:<30}{:>8}{:>12}  {}", figure.path, shown(figure.printed, figure),
                        decimals(here, 6), reason(figure, by_hand));
  }
  return fmt::format(
             "walkthrough: of the {} figures that it prints, {} are not those above\n  "
             "{:<30}{:>8}{:>12}"
             "  why",
             toy_printed_figures().size(), off, "", "printed", "here") +
         rows;
}

std::string compare_cache(const Trace& trace) {
  const GivenCache printed = toy_printed_cache();
  std::string rows;
  for (std::size_t pos = 0; pos < printed.keys[0].size(); ++pos) {
    for (const auto& [name, given] :
         {std::pair("k", printed.keys[0][pos]), std::pair("v", printed.values[0][pos])}) {
      const std::string path = fmt::format("pos{}.layer0.{}", pos, name);
      const std::vector<double>& here = trace.traced[find_traced(trace, path)].data;
      rows += fmt::format("\n  {:<30}{:>8}{:>8}{:>12}{:>12}", path, decimals(given[0], 2),
                          decimals(given[1], 2), decimals(here[0], 6), decimals(here[1], 6));
    }
  }
  return fmt::format(
             "walkthrough: the keys and values that it prints for 'BOS' and 'a' are not what these "
             "weights give;\n  --cache printed takes them\n  {:<30}{:>16}{:>24}",
             "", "printed", "here") +
         rows;
}

}  // namespace

std::string walkthrough_remarks(const Trace& trace) {
  const std::vector<int> a = {0, 1}, ab = {0, 1, 2, 0};  // BOS, a, b, BOS
  if (trace.first_pos > 0) return trace.tokens == ab ? compare_figures(trace) : "";
  const bool begins =
      trace.tokens.size() > a.size() && std::equal(a.begin(), a.end(), trace.tokens.begin());
  return begins && !trace.round ? compare_cache(trace) : "";
}

}  // namespace microgpt
