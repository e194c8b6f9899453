// Random programs in the language of expressions, which is Python's too.
#pragma once

#include <array>
#include <random>
#include <string>

namespace microgpt::test {

class RandomExpression {
 public:
  explicit RandomExpression(unsigned seed) : random_(seed) {}

  // Four statements of numbers, then three that use what is before them; the last is L.
  std::string program() {
    std::string text;
    for (const char* name : {"a", "b", "c", "d"}) text += name + (" = " + number()) + "\n";
    names_ = 4;
    for (const char* name : {"e", "f"}) {
      text += name + (" = " + expression(3)) + "\n";
      ++names_;
    }
    return text + "L = " + expression(4);
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  std::string number() {
    constexpr std::array kNumbers = {"0.5", "1.25", "2.0", "0.1", "3.0", "1e-1", ".75"};
    return kNumbers[below(kNumbers.size())];
  }

  std::string name() { return std::string(1, static_cast<char>('a' + below(names_))); }

  std::string in_parentheses(int depth) { return "(" + expression(depth) + ")"; }

  std::string operand(int depth) {
    return below(3) == 0 ? in_parentheses(depth) : expression(depth);
  }

  // Mostly without parentheses, for precedence to decide.
  std::string expression(int depth) {
    constexpr std::array kBinary = {" + ", " - ", " * ", " / "};
    constexpr std::array kFunctions = {"log", "exp", "relu"};
    constexpr std::array kExponents = {"2", "-1", "0.5", "-0.5", "(1.0/3.0)", "2**-1", "3"};
    if (depth == 0) return below(3) == 0 ? number() : name();
    switch (below(8)) {
      case 0:
        return "-" + operand(depth - 1);
      case 1:
        return operand(depth - 1) + "**" + kExponents[below(kExponents.size())];
      case 2:
        return kFunctions[below(kFunctions.size())] + in_parentheses(depth - 1);
      case 3:
        return name() + "." + kFunctions[below(kFunctions.size())] + "()";
      default: {
        const std::string left = operand(depth - 1);
        return left + kBinary[below(kBinary.size())] + operand(depth - 1);
      }
    }
  }

  std::mt19937 random_;
  std::size_t names_ = 0;
};

}  // namespace microgpt::test
