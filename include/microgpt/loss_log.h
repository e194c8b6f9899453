// The losses that a training wrote down.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace microgpt {

struct LossLog {
  std::map<std::int64_t, double> losses;  // by step, counted from 1; NaN where it says so
  int decimals = 0;                       // that the losses are rounded to
  bool every_digit = false;               // they are not: 16 significant digits, or hexadecimal
};

// Reads the losses in any format that `microgpt conform` knows (docs/conformance.md): of `microgpt
// train --log`, microgpt.py's standard output, losses one a line, a dump. A last line of JSON that
// was cut short does not count. where: the log's name for messages.
// Throws Error, with the line: see there, and where there is no loss.
LossLog parse_loss_log(std::string_view bytes, const std::string& where);

// Whether two losses are the same as far as both logs say.
bool same_as_printed(double a, const LossLog& log_a, double b, const LossLog& log_b);

}  // namespace microgpt
