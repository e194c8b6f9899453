#include "target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <concepts>
#include <limits>
#include <vector>

namespace microgpt {
namespace {

// What from_chars could not hold, for messages.
template <class Number>
std::string limit_of() {
  using Limits = std::numeric_limits<Number>;
  if constexpr (std::integral<Number>) {
    return fmt::format(" (at most {})", Limits::max());
  } else {
    return fmt::format(" (at most {:.2g}, and no closer to 0 than {:.2g})", Limits::max(),
                       Limits::denorm_min());
  }
}

template <class Number>
void parse(
    std::string_view text, Number& target, const std::string& where,
    std::string_view expected) requires std::integral<Number> || std::floating_point<Number> {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const char* const kind = std::integral<Number> ? "whole number" : "number";
  const bool negative = std::is_unsigned_v<Number> && text.starts_with('-');
  if (error == std::errc::result_out_of_range || negative) {
    throw Error(fmt::format("{}: number out of range, expected {}{}, got '{}'", where, expected,
                            limit_of<Number>(), text));
  }
  if (error != std::errc() || stop != end) {
    throw Error(fmt::format("{}: not a {}, expected {}, got '{}'", where, kind, expected, text));
  }
  target = value;
}

void parse(std::string_view text, std::optional<int>& target, const std::string& where,
           std::string_view expected) {
  int value = 0;
  parse(text, value, where, expected);
  target = value;
}

void parse(std::string_view text, bool& target, const std::string& where, std::string_view) {
  if (text != "true" && text != "false") {
    throw Error(fmt::format("{}: expected true or false, got '{}'", where, text));
  }
  target = text == "true";
}

void parse(std::string_view text, std::string& target, const std::string& where, std::string_view) {
  if (text.find('\0') != std::string_view::npos) {
    throw Error(fmt::format("{}: a NUL character can't stand in a text", where));
  }
  target = text;
}

// The values of each enumeration.
std::vector<Edition> values_of(const Edition*) { return {Edition::kFinal, Edition::kFirst}; }
std::vector<Activation> values_of(const Activation*) {
  return {Activation::kRelu, Activation::kReluSquared};
}
std::vector<Optimizer> values_of(const Optimizer*) { return {Optimizer::kAdam, Optimizer::kSgd}; }
std::vector<Schedule> values_of(const Schedule*) {
  return {Schedule::kLinear, Schedule::kConstant};
}
std::vector<Sequences> values_of(const Sequences*) {
  return {Sequences::kDocuments, Sequences::kWindows};
}
std::vector<TokenKind> values_of(const TokenKind*) {
  return {TokenKind::kCodepoint, TokenKind::kGrapheme, TokenKind::kByte};
}
std::vector<Encoding> values_of(const Encoding*) { return {Encoding::kUtf8, Encoding::kLatin1}; }

template <class Enum>
std::vector<std::string_view> names_of(const Enum* target) {
  std::vector<std::string_view> names;
  for (const Enum value : values_of(target)) names.push_back(to_string(value));
  return names;
}

template <class Enum>
void parse(std::string_view text, Enum& target, const std::string& where,
           std::string_view) requires std::is_enum_v<Enum> {
  for (const Enum value : values_of(&target)) {
    if (to_string(value) != text) continue;
    target = value;
    return;
  }
  throw Error(
      fmt::format("{}: expected {}, got '{}'", where, fmt::join(names_of(&target), " or "), text));
}

std::string format(const std::optional<int>& value) {
  return value ? fmt::format("{}", *value) : "";
}

template <class T>
std::string format(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(to_string(value));
  } else {
    return fmt::format("{}", value);
  }
}

}  // namespace

std::string_view to_string(Encoding encoding) {
  return encoding == Encoding::kUtf8 ? "utf-8" : "latin-1";
}

void parse_value(std::string_view text, const Target& target, const std::string& where,
                 std::string_view expected) {
  std::visit([&](auto* variable) { parse(text, *variable, where, expected); }, target);
}

std::string format_value(const Target& target) {
  return std::visit([](const auto* variable) { return format(*variable); }, target);
}

std::string choices(const Target& target) {
  return std::visit(
      [](const auto* variable) -> std::string {
        if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(*variable)>>) {
          return fmt::format("{}", fmt::join(names_of(variable), "|"));
        } else {
          return "";
        }
      },
      target);
}

}  // namespace microgpt
