// Placeholders, and what takes their place.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "book/steps.h"
#include "microgpt/book.h"
#include "microgpt/error.h"
#include "microgpt/random.h"

namespace microgpt {
namespace {

constexpr std::size_t kMaxDigits = 9;  // beyond, they would depend on the machine's libm
constexpr std::size_t kDraws = 10;

double count_if(const std::vector<double>& data, bool (*holds)(double)) {
  return static_cast<double>(std::count_if(data.begin(), data.end(), holds));
}

using Function = std::function<Facts(Facts)>;

Function of_data(double (*f)(const std::vector<double>&)) {
  return [f](const Facts& x) {
    if (x.data.empty()) throw Error("expected numbers, got text");
    return number(f(x.data));
  };
}

Function of_shape(std::size_t dimension) {
  return [dimension](const Facts& x) {
    if (x.shape.size() <= dimension) throw Error("expected a matrix");
    return number(static_cast<double>(x.shape[dimension]));
  };
}

Facts grad(Facts x) {
  if (x.grad.empty()) throw Error("it has no gradient");
  x.data = std::exchange(x.grad, {});
  return x;
}

std::size_t as_whole(const Facts& x) {
  if (x.data.size() != 1 || x.data[0] < 0 || x.data[0] != std::floor(x.data[0])) {
    throw Error("expected a whole number, 0 or more, as index or seed");
  }
  return static_cast<std::size_t>(x.data[0]);
}

// The first numbers that random.random() gives after random.seed(seed).
Facts python_random(const Facts& seed) {
  PythonRandom random(as_whole(seed));
  Facts draws{.shape = {kDraws}};
  for (std::size_t i = 0; i < kDraws; ++i) draws.data.push_back(random.random());
  return draws;
}

const std::map<std::string, Function, std::less<>>& functions() {
  using Data = std::vector<double>;
  static const std::map<std::string, Function, std::less<>> kFunctions = {
      {"grad", grad},
      {"python_random", python_random},
      {"rows", of_shape(0)},
      {"cols", of_shape(1)},
      {"size", of_data([](const Data& x) { return static_cast<double>(x.size()); })},
      {"sum", of_data([](const Data& x) { return std::accumulate(x.begin(), x.end(), 0.0); })},
      {"min", of_data([](const Data& x) { return *std::min_element(x.begin(), x.end()); })},
      {"max", of_data([](const Data& x) { return *std::max_element(x.begin(), x.end()); })},
      {"positive",
       of_data([](const Data& x) { return count_if(x, [](double e) { return e > 0; }); })},
      {"nonzero",
       of_data([](const Data& x) { return count_if(x, [](double e) { return e != 0; }); })},
  };
  return kFunctions;
}

// Elements begin .. end - 1 of the first dimension. keep: as a list, even if it is only one.
Facts slice(Facts x, std::size_t begin, std::size_t end, bool keep) {
  if (x.shape.empty()) throw Error("a single number has no index");
  if (begin < x.first || begin >= end || end > x.first + x.shape[0]) {
    const std::string index =
        keep ? fmt::format("[{}:{}]", begin, end) : fmt::format("index {}", begin);
    throw Error(fmt::format("{} is out of range, expected {} to {}", index, x.first,
                            x.first + x.shape[0] - 1));
  }
  const std::size_t row = std::max(x.data.size(), x.texts.size()) / x.shape[0];
  const auto cut = [&](auto& list) {
    if (list.empty()) return;
    const auto at = [&](std::size_t i) {
      return list.begin() + static_cast<std::ptrdiff_t>((i - x.first) * row);
    };
    list = {at(begin), at(end)};
  };
  cut(x.data);
  cut(x.grad);
  cut(x.texts);
  if (keep) {
    x.shape[0] = end - begin;
  } else {
    x.shape.erase(x.shape.begin());
  }
  return x;
}

// Reads an expression and evaluates it on the way:
//
//   expression  number | function(expression) indices | [scene:]name indices
//   indices     any number of [expression] and [number:number]
class Parser {
 public:
  Parser(std::string_view text, BookSteps& steps) : rest_(text), steps_(steps) {}

  Facts parse() {
    Facts result = expression();
    if (!rest_.empty()) throw Error(fmt::format("'{}' is too much", rest_));
    return result;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) throw Error(fmt::format("expected '{}' before '{}'", c, rest_));
  }

  std::string_view word() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    if (size == 0) throw Error(fmt::format("expected a name before '{}'", rest_));
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }

  Facts expression() {
    const std::string_view name = word();
    std::size_t whole = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), whole);
    if (error == std::errc() && end == name.data() + name.size()) {
      return number(static_cast<double>(whole));
    }
    if (take('(')) return indexed(call(name));
    if (take(':')) return indexed(steps_.look_up(name, word()));
    return indexed(steps_.look_up("", name));
  }

  Facts call(std::string_view name) {
    const auto function = functions().find(name);
    if (function == functions().end()) throw Error(fmt::format("there is no function {}", name));
    Facts argument = expression();
    expect(')');
    return function->second(std::move(argument));
  }

  Facts indexed(Facts x) {
    while (take('[')) {
      const std::size_t begin = as_whole(expression());
      const bool is_range = take(':');
      const std::size_t end = is_range ? as_whole(expression()) : begin + 1;
      expect(']');
      x = slice(std::move(x), begin, end, is_range);
    }
    return x;
  }

  std::string_view rest_;
  BookSteps& steps_;
};

// 4192 as "4,192".
std::string grouped(double whole) {
  std::string digits = fmt::format("{:.0f}", std::abs(whole));
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return (whole < 0 ? "-" : "") + digits;
}

// How many digits a number is printed with: after the point, or of its mantissa.
struct Digits {
  int count = 0;
  bool scientific = false;
};

std::string format_number(double x, const std::optional<Digits>& digits) {
  if (!digits) {
    if (x != std::floor(x)) throw Error("it is not a whole number; say with how many digits: |4");
    return grouped(x);
  }
  std::string text = digits->scientific ? fmt::format("{:.{}e}", x, digits->count)
                                        : fmt::format("{:.{}f}", x, digits->count);
  const bool is_zero = text.find_first_of("123456789") == std::string::npos;
  if (is_zero && text.starts_with('-')) text.erase(0, 1);
  return text;
}

std::optional<Digits> parse_digits(std::string_view text) {
  Digits digits{.scientific = text.ends_with('e')};
  if (digits.scientific) text.remove_suffix(1);
  if (text.size() != 1 || text[0] < '1' || text[0] > '0' + static_cast<int>(kMaxDigits)) {
    throw Error(
        fmt::format("the digits: expected 1 to {}, or such with an e, got '{}'", kMaxDigits, text));
  }
  digits.count = text[0] - '0';
  return digits;
}

std::string format(const Facts& x, const std::optional<Digits>& digits) {
  if (!x.texts.empty()) {
    if (digits) throw Error("a text has no digits");
    return fmt::format("{}", fmt::join(x.texts, ", "));
  }
  if (x.shape.size() > 1) throw Error("it is a matrix; give an index");
  std::vector<std::string> numbers;
  for (const double e : x.data) numbers.push_back(format_number(e, digits));
  return x.shape.empty() ? numbers.at(0) : fmt::format("[{}]", fmt::join(numbers, ", "));
}

// A text between marks of code, as Markdown has it there: it may have those marks itself, and in a
// table the bar that parts cells.
//   before, after: what stands around it.
std::string escaped(std::string text, std::string_view before, std::string_view after) {
  const std::size_t line = before.rfind('\n') + 1;  // 0 where there is none
  if (before.substr(line).starts_with('|')) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
      text.insert(at, 1, '\\');
    }
  }
  const bool is_code = before.ends_with('`') && after.starts_with('`');
  return is_code && text.find('`') != std::string::npos ? fmt::format("` {} `", text) : text;
}

std::string evaluate_with(BookSteps& steps, std::string_view placeholder) {
  const std::size_t bar = placeholder.find('|');
  std::optional<Digits> digits;
  if (bar != std::string_view::npos) digits = parse_digits(placeholder.substr(bar + 1));
  return format(Parser(placeholder.substr(0, bar), steps).parse(), digits);
}

}  // namespace

BookNumbers::BookNumbers(std::string documents)
    : steps_(std::make_unique<BookSteps>(std::move(documents))) {}
BookNumbers::BookNumbers(BookNumbers&&) noexcept = default;
BookNumbers::~BookNumbers() = default;

void BookNumbers::follow(const std::string& text) { steps_->follow(text); }

void BookNumbers::follow(const Model& model, const std::optional<OptimizerStep>& update,
                         const std::string& text) {
  steps_->follow(model, update, text);
}

std::string BookNumbers::evaluate(std::string_view placeholder) const {
  return evaluate_with(*steps_, placeholder);
}

const Trace& BookNumbers::trace() const { return steps_->trace(""); }

std::string BookNumbers::fill(std::string_view text, const std::string& file, int line) const {
  std::string filled;
  for (std::size_t open = text.find("{{"); open != std::string_view::npos; open = text.find("{{")) {
    line += static_cast<int>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), '\n'));
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) {
      throw Error(fmt::format("{}:{}: {{{{ without }}}}", file, line));
    }
    const std::string_view placeholder = text.substr(open + 2, close - open - 2);
    filled += text.substr(0, open);
    try {
      filled += escaped(evaluate(placeholder), filled, text.substr(close + 2));
    } catch (const Error& error) {
      if (!steps_->follows_other()) {
        throw Error(fmt::format("{}:{}: {{{{{}}}}}: {}", file, line, placeholder, error.what()));
      }
      filled += "n/a";
    }
    text.remove_prefix(close + 2);
  }
  return filled.append(text);
}

}  // namespace microgpt
