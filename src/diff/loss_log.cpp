#include "microgpt/loss_log.h"

#include <bit>
#include <cmath>

#include "conform/log.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

// Less a last line of JSON that was cut short, as of a training that was killed.
std::string_view whole_lines(std::string_view bytes) {
  const std::size_t end = bytes.find_last_of('\n');
  const bool cut_short = end != std::string_view::npos && bytes.starts_with('{') &&
                         end + 1 < bytes.size() && !bytes.ends_with('}');
  return cut_short ? bytes.substr(0, end + 1) : bytes;
}

double half_unit(const LossLog& log) {
  return log.every_digit ? 0 : 0.5 * std::pow(10, -log.decimals);
}

}  // namespace

LossLog parse_loss_log(std::string_view bytes, const std::string& where) {
  const conform::Log read = conform::parse_log(whole_lines(bytes), where);
  LossLog log;
  log.decimals = read.decimals;
  log.every_digit = read.every_digit;
  for (const std::int64_t step : read.losses) {
    log.losses[step] = read.numbers.at("step" + std::to_string(step) + ".loss").front().value;
  }
  if (log.losses.empty()) throw Error(where + ": no losses");
  return log;
}

bool same_as_printed(double a, const LossLog& log_a, double b, const LossLog& log_b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  const double half_a = half_unit(log_a), half_b = half_unit(log_b);
  if (half_a == half_b) return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  constexpr double kSlack = 1 + 1e-9;  // the difference is rounded too
  return std::abs(a - b) <= (half_a + half_b) * kSlack;
}

}  // namespace microgpt
