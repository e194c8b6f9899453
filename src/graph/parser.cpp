#include "graph/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "microgpt/error.h"
#include "microgpt/expression.h"

namespace microgpt {
namespace {

// As many as CPython's own parser takes. Each level is a few calls deep.
constexpr int kMaxNesting = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::optional<Instruction::Kind> function_named(std::string_view name) {
  if (name == "log") return Instruction::kLog;
  if (name == "exp") return Instruction::kExp;
  if (name == "relu") return Instruction::kRelu;
  return std::nullopt;
}

struct Token {
  enum Kind { kEnd, kNumber, kName, kSymbol };  // kEnd: of a line or of all

  Kind kind;
  std::string_view text;
  double number;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) { advance(); }

  std::vector<Statement> statements();

 private:
  bool at(std::string_view symbol) const {
    return token_.kind == Token::kSymbol && token_.text == symbol;
  }
  bool at_separator() const { return token_.kind == Token::kEnd || at(";"); }

  std::string_view advance();
  Token take(Token::Kind kind, std::size_t size, double number = 0);
  Token number();
  void expect(std::string_view symbol, std::string_view why);
  [[noreturn]] void unexpected(std::string_view expected) const;
  void emit(Instruction::Kind kind, std::string_view text) { code_.push_back({kind, text, 0}); }

  Statement statement();
  void sum();
  void product();
  void negation();
  void power();
  void methods();
  void operand();
  void call(Instruction::Kind function, std::string_view name);

  std::string_view text_;
  std::string_view rest_;  // what follows the token
  Token token_{};
  std::vector<Instruction> code_;
  int nesting_ = 0;
};

// Goes on to the next token; the text of the one before.
std::string_view Parser::advance() {
  const std::string_view before = token_.text;
  while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r')) {
    rest_.remove_prefix(1);
  }
  const char c = rest_.empty() ? '\n' : rest_[0];
  if (c == '\n') {
    token_ = take(Token::kEnd, rest_.empty() ? 0 : 1);
  } else if (is_digit(c) || (c == '.' && rest_.size() > 1 && is_digit(rest_[1]))) {
    token_ = number();
  } else if (is_name_start(c)) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(),
                                      [](char d) { return is_name_start(d) || is_digit(d); });
    token_ = take(Token::kName, static_cast<std::size_t>(end - rest_.begin()));
  } else {
    token_ = take(Token::kSymbol, rest_.starts_with("**") ? 2 : 1);
    constexpr std::string_view kSymbols = "+-*/()=;.";
    if (kSymbols.find(c) == std::string_view::npos) unexpected("a number, a name or an operator");
  }
  return before;
}

Token Parser::take(Token::Kind kind, std::size_t size, double number) {
  const Token token = {kind, rest_.substr(0, size), number};
  rest_.remove_prefix(size);
  return token;
}

Token Parser::number() {
  double value = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
  const Token token = take(Token::kNumber, static_cast<std::size_t>(end - rest_.data()), value);
  if (error != std::errc()) {
    throw_at(text_, token.text, "this number is too large or too close to 0");
  }
  return token;
}

void Parser::unexpected(std::string_view expected) const {
  const char c = token_.text.empty() ? '\n' : token_.text[0];
  std::string got = fmt::format("'{}'", token_.text);
  if (token_.kind == Token::kEnd) got = "the end of the line";
  if (c < ' ' && c != '\n') got = fmt::format("byte 0x{:02X}", static_cast<unsigned char>(c));
  if (c < 0 || c == 0x7f) got = fmt::format("byte 0x{:02X}", static_cast<unsigned char>(c));
  throw_at(text_, token_.text, fmt::format("expected {}, got {}", expected, got));
}

void Parser::expect(std::string_view symbol, std::string_view why) {
  if (!at(symbol)) unexpected(fmt::format("'{}' {}", symbol, why));
  advance();
}

std::vector<Statement> Parser::statements() {
  std::vector<Statement> all;
  for (;;) {
    while (at_separator() && !(token_.kind == Token::kEnd && token_.text.empty())) advance();
    if (token_.kind == Token::kEnd) break;
    all.push_back(statement());
    if (!at_separator()) unexpected("an operator or ';'");
  }
  if (all.empty()) unexpected("an expression such as a*b + a; a=2; b=3");
  return all;
}

// A name followed by '=' is the statement's own. It is read as an expression first, and taken back.
Statement Parser::statement() {
  code_.clear();
  sum();
  if (!at("=")) return {{}, std::move(code_)};
  if (code_.size() != 1 || code_[0].kind != Instruction::kName) {
    unexpected("an operator or ';': only a name can stand before '='");
  }
  const std::string_view name = code_[0].text;
  advance();
  code_.clear();
  sum();
  return {name, std::move(code_)};
}

void Parser::sum() {
  product();
  while (at("+") || at("-")) {
    const std::string_view symbol = advance();
    product();
    emit(symbol == "+" ? Instruction::kAdd : Instruction::kSub, symbol);
  }
}

void Parser::product() {
  negation();
  while (at("*") || at("/")) {
    const std::string_view symbol = advance();
    negation();
    emit(symbol == "*" ? Instruction::kMul : Instruction::kDiv, symbol);
  }
}

// As in Python, -a**2 is -(a**2). All that nests passes here.
void Parser::negation() {
  if (++nesting_ > kMaxNesting) {
    throw_at(text_, token_.text,
             fmt::format("nested too deeply, expected at most {} levels; give parts names of their "
                         "own",
                         kMaxNesting));
  }
  if (at("-")) {
    const std::string_view symbol = advance();
    negation();
    emit(Instruction::kNeg, symbol);
  } else {
    power();
  }
  --nesting_;
}

// As in Python, a**b**c is a**(b**c), and a**-b needs no parentheses.
void Parser::power() {
  methods();
  if (!at("**")) return;
  const std::string_view symbol = advance();
  negation();
  emit(Instruction::kPow, symbol);
}

void Parser::methods() {
  operand();
  while (at(".")) {
    advance();
    const auto function = function_named(token_.text);
    if (!function) unexpected("log(), exp() or relu() after '.'");
    const std::string_view name = advance();
    expect("(", fmt::format("after {}", name));
    expect(")", fmt::format("after {}(", name));
    emit(*function, name);
  }
}

void Parser::operand() {
  if (token_.kind == Token::kNumber) {
    code_.push_back({Instruction::kNumber, token_.text, token_.number});
    advance();
  } else if (token_.kind == Token::kName) {
    const auto function = function_named(token_.text);
    const std::string_view name = advance();
    if (function) return call(*function, name);
    if (at("("))
      throw_at(text_, name, fmt::format("no function {}, expected log, exp or relu", name));
    emit(Instruction::kName, name);
  } else if (at("(")) {
    advance();
    sum();
    expect(")", "or an operator");
  } else {
    unexpected("a number, a name or '('");
  }
}

void Parser::call(Instruction::Kind function, std::string_view name) {
  expect("(", fmt::format("after {}, which is a function", name));
  sum();
  expect(")", "or an operator");
  emit(function, name);
}

}  // namespace

std::vector<Statement> parse_statements(std::string_view text) {
  if (text.size() > kMaxExpression) {
    throw Error(fmt::format("expression: {} bytes are too many, expected at most {}", text.size(),
                            kMaxExpression));
  }
  return Parser(text).statements();
}

void throw_at(std::string_view text, std::string_view place, std::string_view what) {
  constexpr std::size_t kShown = 60;  // bytes on each side of the caret
  const std::size_t at = static_cast<std::size_t>(place.data() - text.data());
  const auto line_number = 1 + std::count(text.begin(), text.begin() + std::ptrdiff_t(at), '\n');
  const std::size_t start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::size_t shown_from = at - start > kShown ? at - kShown : start;
  std::string line(
      text.substr(shown_from, std::min(text.find('\n', at), at + kShown) - shown_from));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  throw Error(fmt::format("expression: {} (line {}, column {})\n  {}\n  {:>{}}", what, line_number,
                          at - start + 1, line, '^', at - shown_from + 1));
}

}  // namespace microgpt
