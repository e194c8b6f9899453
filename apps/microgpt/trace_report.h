// A trace in the forms that `microgpt trace` shows it in.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/tokenizer.h"
#include "microgpt/trace.h"
#include "output.h"

namespace microgpt {

struct TraceReport {
  std::string model;  // its name
  std::string text;   // what it reads
  Tokenizer tokenizer;
  Trace trace;
  std::string remarks;    // of the walkthrough's figures; may be empty
  int precision = 4;      // decimals shown
  std::string part;       // names that begin so are shown; empty: all
  bool formulas = false;  // in the JSON: those of each number
  bool graph = false;     // in the JSON: each node of it
};

// "BOS", or a token's text, printable.
std::string token_label(const Tokenizer& tokenizer, int token);

// "[8, 2]", empty for one number.
std::string shape_label(const Traced& traced);

// "src/reference/gpt.h:117", and "microgpt.py:118 in gpt"; empty for given numbers.
std::string place_of(const Origin& origin);
std::string python_place_of(const Origin& origin);

// A number with so many decimals; never "-0.00".
std::string decimals(double x, int precision);

// Numbers as they are shown together: with so many decimals, or all of them in scientific notation
// where that would leave little of them.
std::vector<std::string> cells_of(std::span<const double> numbers, int precision);

// Whether a name is asked for: it is `part`, or inside it.
bool is_in(std::string_view name, std::string_view part);

// Whether this is one of the model's parameters.
bool is_parameter(const Trace& trace, const Traced& traced);

// The position in "pos2.layer0.q"; nothing for parameters, Adam's numbers and the mean loss.
std::optional<std::size_t> position_of(std::string_view name);

// For people, on a terminal or not.
struct PageStyle {
  std::size_t columns = 100;
  bool colors = false;  // bold and dim
};
void write_page(const TraceReport& report, const PageStyle& style, Output& out);

// All about one number.
void write_card(const TraceReport& report, Element element, const PageStyle& style, Output& out);

// For machines: docs/trace.md.
void write_json(const TraceReport& report, Output& out);

// For people, in one file that needs no other. Throws Error: it would be too large.
std::string html_report(const TraceReport& report);

}  // namespace microgpt
