#include "microgpt/loss_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "base/json.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr int kEveryDigit = 16;  // so many significant ones belong to one double, or its neighbours

struct Written {
  double value = 0;
  int decimals = 0;
  bool every_digit = false;
};

std::string_view strip(std::string_view text) {
  constexpr char kSpace[] = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

template <class Number, class... Format>
std::optional<Number> parse(std::string_view text, Format... format) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, format...);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<Written> parse_loss(std::string_view text) {
  if (text.starts_with("0x")) {  // Python's float.hex()
    const auto value = parse<double>(text.substr(2), std::chars_format::hex);
    return value ? std::optional(Written{*value, 0, true}) : std::nullopt;
  }
  const auto value = parse<double>(text);
  if (!value) return std::nullopt;
  const std::string_view digits = text.substr(0, text.find_first_of("eE"));
  const auto exponent = static_cast<int>(
      digits.size() < text.size() ? parse<int>(text.substr(digits.size() + 1)).value_or(0) : 0);
  const std::size_t point = std::min(digits.find('.'), digits.size() - 1);
  const auto significant = std::ranges::count_if(
      digits.substr(std::min(digits.find_first_of("123456789"), digits.size())),
      [](char c) { return c != '.'; });
  return Written{*value, static_cast<int>(digits.size() - 1 - point) - exponent,
                 significant >= kEveryDigit};
}

class LossLogReader {
 public:
  LossLogReader(std::string_view bytes, const std::string& where) : where_(where) {
    if (bytes.find('\0') != std::string_view::npos) {
      throw Error(fmt::format("{}: binary, expected a log of losses", where));
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const std::size_t end = std::min(bytes.find_first_of("\r\n", at), bytes.size());
      lines_.push_back(strip(bytes.substr(at, end - at)));
      at = end;
      cut_short_ = end == bytes.size();
    }
    is_output_ = std::ranges::any_of(lines_, is_step_line);
  }

  LossLog read() {
    for (const std::string_view line : lines_) {
      ++number_;
      if (line.starts_with('{')) {
        read_json(line);
      } else if (is_step_line(line)) {
        read_output(line);
      } else if (!line.empty() && !is_output_) {
        read_row(line);
      }
    }
    if (log_.losses.empty()) throw Error(fmt::format("{}: holds no losses", where_));
    return std::move(log_);
  }

 private:
  static bool is_step_line(std::string_view line) {
    return line.starts_with("step ") && line.find("loss") != std::string_view::npos;
  }

  [[noreturn]] void fail(std::string_view line) const {
    throw Error(fmt::format(
        "{}:{}: expected a loss ('3.3660', '1 3.3660', 'step 1 / 1000 | loss 3.3660' or a line of "
        "train --log), got '{}'",
        where_, number_, line.substr(0, 40)));
  }

  void add(std::int64_t step, const Written& loss, std::string_view line) {
    const std::int64_t last = log_.losses.empty() ? 0 : log_.losses.rbegin()->first;
    if (step <= last) {
      throw Error(fmt::format("{}:{}: expected a step after {}, got '{}'", where_, number_, last,
                              line.substr(0, 40)));
    }
    log_.losses[step] = loss.value;
    log_.decimals = std::max(log_.decimals, loss.decimals);
    log_.every_digit = log_.every_digit || loss.every_digit;
  }

  void read_json(std::string_view line) {
    const Json object = Json::parse(line, nullptr, false);
    const bool is_last = number_ == std::ssize(lines_);
    if (object.is_discarded() && cut_short_ && is_last) return;
    const bool fits = object.is_object() && object.contains("step") && object.contains("loss") &&
                      object["step"].is_number_integer() && object["loss"].is_number();
    const auto loss = fits ? parse_loss(object["loss"].dump()) : std::nullopt;
    if (!loss) fail(line);
    add(object["step"].get<std::int64_t>(), *loss, line);
  }

  // "step    1 / 1000 | loss 3.3660", one after the other where carriage returns part them
  void read_output(std::string_view line) {
    const std::string_view step = strip(line.substr(5, line.find('/') - 5));
    const std::size_t loss = line.find("loss") + 4;
    const auto number = parse<std::int64_t>(step);
    const auto value = parse_loss(strip(line.substr(loss)));
    if (!number || !value) fail(line);
    add(*number, *value, line);
  }

  void read_row(std::string_view line) {
    const std::size_t space = line.find_first_of(" \t");
    const bool has_step = space != std::string_view::npos;
    const auto step = has_step ? parse<std::int64_t>(line.substr(0, space))
                               : std::optional(std::ssize(log_.losses) + 1);
    const auto loss = parse_loss(has_step ? strip(line.substr(space)) : line);
    if (!step || !loss) fail(line);
    add(*step, *loss, line);
  }

  const std::string& where_;
  std::vector<std::string_view> lines_;
  std::ptrdiff_t number_ = 0;  // of the line, from 1
  bool cut_short_ = false;     // the last line does not end
  bool is_output_ = false;     // of microgpt.py
  LossLog log_;
};

double half_unit(const LossLog& log) {
  return log.every_digit ? 0 : 0.5 * std::pow(10, -log.decimals);
}

}  // namespace

LossLog parse_loss_log(std::string_view bytes, const std::string& where) {
  return LossLogReader(bytes, where).read();
}

bool same_as_printed(double a, const LossLog& log_a, double b, const LossLog& log_b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  const double half_a = half_unit(log_a), half_b = half_unit(log_b);
  if (half_a == half_b) return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  constexpr double kSlack = 1 + 1e-9;  // the difference is rounded too
  return std::abs(a - b) <= (half_a + half_b) * kSlack;
}

}  // namespace microgpt
