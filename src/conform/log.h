// What a port printed or dumped.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt::conform {

// A number as it was written. Half a unit of its last printed digit is 0 if all digits are there.
struct Number {
  double value = 0;
  double half_unit = 0;
};

struct Log {
  // By name: "init.wte", "step1.pos0.tok_emb", "step1.grad.wte", "step1.loss", "step9.params.wte".
  std::map<std::string, std::vector<Number>> numbers;
  std::map<std::size_t, std::string> samples;     // counted from 1
  std::set<std::int64_t> losses, traces, params;  // the steps, counted from 1, that have them
  std::optional<std::int64_t> num_steps;          // if it says so
  int decimals = 0;                               // of the losses
  bool every_digit = true;                        // 16 significant ones, or hexadecimal

  bool has(const std::string& name) const { return numbers.contains(name); }

  // The last step of which a number is here.
  std::int64_t last_step() const;
};

// Reads the formats of docs/conformance.md. where: its name for messages.
// Throws Error, with the line where there is one: empty, binary, of no format that is known, JSON
// that is cut short, a step stands twice or out of order, a number is none.
Log parse_log(std::string_view bytes, const std::string& where);

}  // namespace microgpt::conform
