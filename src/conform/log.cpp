#include "conform/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "microgpt/error.h"

namespace microgpt::conform {
namespace {

// More than any run that is worth a comparison.
constexpr std::int64_t kMostSteps = 1'000'000, kMostSamples = 100'000;

// A number and what its text tells of its precision.
struct Text {
  double value = 0;
  int decimals = 0;
  int significant = 0;
  bool hexadecimal = false;

  bool every_digit() const { return hexadecimal || significant >= 16; }
};

// Of numbers that were printed together. Zeros at the end may be gone, so each has as many decimals
// as the one that shows the most of them, or as many significant digits, as %g prints them: which
// of the two is not known, and the fewer digits are taken.
class Precision {
 public:
  void add(const Text& text) {
    decimals_ = std::max(decimals_, text.decimals);
    significant_ = std::max(significant_, text.significant);
    every_digit_ = every_digit_ || text.every_digit();
  }

  int decimals() const { return decimals_; }

  // A short number among long ones has no more digits, and whole numbers alone were not rounded.
  bool every_digit() const { return every_digit_ || decimals_ == 0; }

  double half_unit(double x) const {
    if (every_digit()) return 0;
    int decimals = decimals_;
    if (x != 0 && std::isfinite(x)) {
      const int exponent = static_cast<int>(std::floor(std::log10(std::abs(x))));
      decimals = std::min(decimals, significant_ - 1 - exponent);
    }
    return 0.5 * std::pow(10, -decimals);
  }

 private:
  int decimals_ = 0, significant_ = 0;
  bool every_digit_ = false;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

void count_digits(std::string_view digits, Text& text) {
  const std::size_t e = digits.find('e');
  const std::string_view mantissa = digits.substr(0, e);
  const std::size_t point = mantissa.find('.');
  int exponent = 0;
  if (e != std::string_view::npos) {
    const std::string_view written = digits.substr(e + (digits[e + 1] == '+' ? 2 : 1));
    std::from_chars(written.data(), written.data() + written.size(), exponent);
  }
  const auto after = point == std::string_view::npos ? 0 : mantissa.size() - point - 1;
  text.decimals = static_cast<int>(after) - exponent;
  bool leading = true;
  for (const char c : mantissa) {
    leading = leading && (c == '0' || c == '.');
    if (!leading && c != '.') ++text.significant;
  }
}

// What C, Python, JavaScript, Rust or Go print for a double.
std::optional<Text> parse_number(std::string_view original) {
  const std::string all = lower(original);
  std::string_view digits = all;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  Text text;
  if (digits.starts_with("nan")) return Text{std::numeric_limits<double>::quiet_NaN()};
  if (digits == "inf" || digits == "infinity") {
    text.value = std::numeric_limits<double>::infinity();
  } else {
    text.hexadecimal = digits.starts_with("0x");
    if (text.hexadecimal) digits.remove_prefix(2);
    if (digits.empty() ||
        !(std::isxdigit(static_cast<unsigned char>(digits[0])) || digits[0] == '.'))
      return std::nullopt;
    const auto format = text.hexadecimal ? std::chars_format::hex : std::chars_format::general;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, text.value, format);
    if (stop != end || error != std::errc()) return std::nullopt;
    if (!text.hexadecimal) count_digits(digits, text);
  }
  if (negative) text.value = -text.value;
  return text;
}

// Takes a line word by word.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : rest_(line) {}

  // If this word comes next, steps over it.
  bool take(std::string_view word) {
    skip_spaces();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  // All up to the next space.
  std::string_view word() {
    skip_spaces();
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(word.size());
    return word;
  }

  // What is left, without the space before it.
  std::string_view rest() const { return rest_.substr(rest_.starts_with(' ') ? 1 : 0); }

 private:
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }

  std::string_view rest_;
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  Log read() {
    check_text();
    if (bytes_[first_] == '{' && !is_json_lines()) {
      read_dump(parse_json(bytes_, where_));
    } else if (bytes_[first_] == '[') {
      read_losses(parse_json(bytes_, where_), "losses");
    } else {
      read_lines();
    }
    finish();
    return std::move(log_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(line_ > 0 ? fmt::format("{}:{}: {}", where_, line_, what)
                          : fmt::format("{}: {}", where_, what));
  }

  void check_text() {
    const std::size_t nul = bytes_.find('\0');
    if (nul != std::string_view::npos) {
      fail(fmt::format("binary, expected text or JSON, got a NUL byte at {}", nul));
    }
    if (bytes_.starts_with("\xEF\xBB\xBF")) bytes_.remove_prefix(3);
    first_ = bytes_.find_first_not_of(" \t\r\n");
    if (first_ == std::string_view::npos) fail("empty, expected losses");
  }

  // One object a line: the first line is whole, and has a loss.
  bool is_json_lines() const {
    const std::string_view line = bytes_.substr(first_, bytes_.find('\n', first_) - first_);
    const Json object = Json::parse(line, nullptr, false);
    return object.is_object() && object.contains("loss");
  }

  void add_loss(std::int64_t step, const Text& loss) {
    if (step < 1) fail(fmt::format("step {}, expected 1 or more", step));
    if (!log_.losses.empty() && step <= *log_.losses.rbegin()) {
      fail(
          fmt::format("step {} after step {}, expected rising steps", step, *log_.losses.rbegin()));
    }
    log_.losses.insert(step);
    losses_.push_back(loss.value);
    precision_.add(loss);
  }

  Text number(std::string_view text) const {
    const auto parsed = parse_number(text);
    if (!parsed) fail(fmt::format("'{}' is no number", text.substr(0, 40)));
    return *parsed;
  }

  std::int64_t integer(std::string_view text) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail(fmt::format("'{}' is no step", text.substr(0, 40)));
    }
    return value;
  }

  void read_lines() {
    std::vector<std::string_view> lines;
    for (std::size_t at = 0; at <= bytes_.size();) {
      const std::size_t end = std::min(bytes_.find_first_of("\r\n", at), bytes_.size());
      lines.push_back(bytes_.substr(at, end - at));
      at = end + (bytes_.substr(end, 2) == "\r\n" ? 2 : 1);
    }
    const bool is_output = std::ranges::any_of(lines, [](std::string_view line) {
      return line.starts_with("step ") && line.find("loss") != line.npos;
    });
    for (std::string_view line : lines) {
      ++line_;
      while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
      while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
      if (is_output) {
        read_output(line);
      } else if (line.starts_with('{')) {
        read_json_line(line);
      } else if (!line.empty() && line.front() != '#') {
        read_row(line);
      }
    }
    line_ = 0;
  }

  // A line of microgpt.py's standard output; lines of other kinds are passed over.
  void read_output(std::string_view line) {
    Scanner scanner(line);
    if (scanner.take("sample")) {
      const std::string_view number = scanner.word();
      if (!number.ends_with(':')) return;
      add_sample(integer(number.substr(0, number.size() - 1)), scanner.rest());
    } else if (line.starts_with("step ")) {
      scanner.take("step");
      const std::string_view step = scanner.word();
      const bool is_slash = scanner.take("/");
      const std::string_view num_steps = scanner.word();
      if (!is_slash || !scanner.take("|") || !scanner.take("loss")) {
        fail("expected 'step S / N | loss X'");
      }
      add_loss(integer(step), number(scanner.word()));
      log_.num_steps = integer(num_steps);
    }
  }

  void add_sample(std::int64_t index, std::string_view text) {
    if (index < 0 || index > kMostSamples) {
      fail(fmt::format("sample {}, expected at most {}", index, kMostSamples));
    }
    log_.samples[static_cast<std::size_t>(index)] = text;
  }

  void read_json_line(std::string_view line) {
    const Json object = parse_json(line, fmt::format("{}:{}", where_, line_));
    const std::string where = fmt::format("{}:{}", where_, line_);
    const auto step = json_int(object, "step", 0, std::numeric_limits<std::int64_t>::max(), where);
    add_loss(step, text_of(json_at(object, "loss", where)));
  }

  // "loss", "step loss", or columns of which a first row gives the names.
  void read_row(std::string_view line) {
    std::vector<std::string_view> fields;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find_first_of(",;\t ", at), line.size());
      if (end > at) fields.push_back(line.substr(at, end - at));
      at = end + 1;
    }
    const bool first = log_.losses.empty() && columns_ == 0;
    if (first && !fields.empty() && !parse_number(fields[0])) {
      read_header(fields);
      return;
    }
    if (first) {
      columns_ = fields.size();
      loss_column_ = columns_ > 1 ? 1 : 0;
      step_column_ = columns_ > 1 ? 0 : columns_;
    }
    if (fields.size() != columns_) {
      fail(fmt::format("expected {} column{}, got {}", columns_, columns_ == 1 ? "" : "s",
                       fields.size()));
    }
    const std::int64_t step = step_column_ < columns_
                                  ? integer(fields[step_column_])
                                  : static_cast<std::int64_t>(log_.losses.size()) + 1;
    if (log_.losses.empty() && step == 0) from_zero_ = 1;
    add_loss(step + from_zero_, number(fields[loss_column_]));
  }

  void read_header(const std::vector<std::string_view>& fields) {
    columns_ = fields.size();
    step_column_ = loss_column_ = columns_;
    for (std::size_t i = 0; i < columns_; ++i) {
      if (lower(fields[i]) == "step") step_column_ = i;
      if (lower(fields[i]) == "loss") loss_column_ = i;
    }
    if (loss_column_ == columns_) {
      fail(
          "no format that is known: expected 'step S / N | loss X', one loss a line, 'step,loss', "
          "or JSON; see docs/conformance.md");
    }
  }

  Text text_of(const Json& value) const {
    if (value.is_string()) return number(value.get_ref<const std::string&>());
    if (value.is_null()) return number("nan");  // what JSON.stringify makes of it
    if (!value.is_number()) fail(fmt::format("expected a number, got {}", describe_json(value)));
    return number(value.is_number_float() ? fmt::format("{}", value.get<double>()) : value.dump());
  }

  void read_losses(const Json& losses, const std::string& key) {
    if (!losses.is_array() && !losses.is_object()) {
      fail(fmt::format("{}: expected an array or an object, got {}", key, describe_json(losses)));
    }
    for (const auto& [step, value] : losses.items()) {
      add_loss(losses.is_object() ? integer(step) : integer(step) + 1, text_of(value));
    }
  }

  void flatten(const Json& value, std::vector<Text>& out) const {
    if (value.is_array()) {
      for (const Json& element : value) flatten(element, out);
    } else {
      out.push_back(text_of(value));
    }
  }

  // Arrays by name.
  void read_named(const Json& object, const std::string& prefix) {
    if (!object.is_object()) {
      fail(fmt::format("{}: expected an object, got {}", prefix, describe_json(object)));
    }
    Precision precision;
    for (const auto& [name, value] : object.items()) {
      std::vector<Text> texts;
      flatten(value, texts);
      auto& numbers = log_.numbers[prefix + name];
      for (const Text& text : texts) {
        numbers.push_back({text.value, 0});
        precision.add(text);
      }
    }
    for (const auto& [name, value] : object.items()) {
      for (Number& number : log_.numbers[prefix + name]) {
        number.half_unit = precision.half_unit(number.value);
      }
    }
    log_.every_digit = log_.every_digit && precision.every_digit();
  }

  void read_trace(const Json& trace) {
    const std::string where = where_ + ": trace";
    const auto step = json_int(trace, "step", 1, std::numeric_limits<std::int64_t>::max(), where);
    const std::string prefix = fmt::format("step{}.", step);
    if (!log_.traces.insert(step).second) fail(fmt::format("trace: step {} twice", step));
    if (trace.contains("data")) read_named(trace["data"], prefix);
    if (trace.contains("grad")) read_named(trace["grad"], prefix + "grad.");
  }

  void read_dump(const Json& dump) {
    if (dump.contains("init")) read_named(dump["init"], "init.");
    for (const char* key : {"losses_hex", "losses"}) {
      if (dump.contains(key) && log_.losses.empty()) read_losses(dump[key], key);
    }
    if (dump.contains("trace")) {
      const Json& trace = dump["trace"];
      if (trace.is_array()) {
        for (const Json& step : trace) read_trace(step);
      } else {
        read_trace(trace);
      }
    }
    if (dump.contains("params")) read_params(dump["params"]);
    if (dump.contains("samples")) read_samples(dump["samples"]);
    const Json& recipe = dump.contains("recipe") ? dump["recipe"] : dump;
    if (recipe.contains("num_steps")) {
      log_.num_steps = json_int(recipe, "num_steps", 1, std::numeric_limits<int>::max(), where_);
    }
    if (log_.numbers.empty() && losses_.empty() && log_.samples.empty()) {
      fail("expected one of the keys init, losses, trace, params, samples");
    }
  }

  void read_params(const Json& params) {
    const std::string where = where_ + ": params";
    const auto step = json_int(params, "step", 1, std::numeric_limits<std::int64_t>::max(), where);
    if (!params.contains("data")) return;
    log_.params.insert(step);
    read_named(params["data"], fmt::format("step{}.params.", step));
  }

  void read_samples(const Json& samples) {
    for (const Json& sample : samples) {
      if (!sample.is_string()) fail("samples: expected strings, got " + describe_json(sample));
      add_sample(static_cast<std::int64_t>(log_.samples.size()) + 1, sample.get<std::string>());
    }
  }

  void finish() {
    if (log_.numbers.empty() && losses_.empty() && log_.samples.empty()) fail("no losses");
    if (log_.num_steps.value_or(0) > kMostSteps) {
      fail(fmt::format("{} steps, expected at most {}", *log_.num_steps, kMostSteps));
    }
    log_.decimals = precision_.decimals();
    if (!losses_.empty()) log_.every_digit = log_.every_digit && precision_.every_digit();
    auto loss = losses_.begin();
    for (const std::int64_t step : log_.losses) {
      log_.numbers[fmt::format("step{}.loss", step)] = {{*loss, precision_.half_unit(*loss)}};
      ++loss;
    }
    if (log_.samples.contains(0)) count_samples_from_one();
  }

  // The first edition counts them from 0.
  void count_samples_from_one() {
    std::map<std::size_t, std::string> samples;
    for (auto& [index, text] : log_.samples) samples[index + 1] = std::move(text);
    log_.samples = std::move(samples);
  }

  std::string_view bytes_;
  const std::string& where_;
  std::size_t first_ = 0;
  std::size_t line_ = 0;
  std::size_t columns_ = 0, step_column_ = 0, loss_column_ = 0;
  std::int64_t from_zero_ = 0;  // 1 where steps are counted from 0
  std::vector<double> losses_;
  Precision precision_;  // of the losses
  Log log_;
};

}  // namespace

std::int64_t Log::last_step() const {
  std::int64_t last = 0;
  for (const auto* steps : {&losses, &traces, &params}) {
    if (!steps->empty()) last = std::max(last, *steps->rbegin());
  }
  return last;
}

Log parse_log(std::string_view bytes, const std::string& where) {
  return Reader(bytes, where).read();
}

}  // namespace microgpt::conform
