#include "reference/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "reference/number.h"
#include "support/python.h"

namespace microgpt::reference {
namespace {

TEST(Value, WorkedExample) {
  Tape tape;
  const Value a = tape.leaf(2.0), b = tape.leaf(3.0);
  const Value L = a * b + a;
  L.backward();
  EXPECT_EQ(L.data(), 8.0);
  EXPECT_EQ(a.grad(), 4.0);
  EXPECT_EQ(b.grad(), 2.0);
}

TEST(Value, SquaredErrorOfOneNeuron) {
  Tape tape;
  const Value w = tape.leaf(2.0), x = tape.leaf(3.0), b = tape.leaf(1.0);
  const Value err = w * x + b - 10.0;
  const Value loss = err * err;
  loss.backward();
  EXPECT_EQ(loss.data(), 9.0);
  EXPECT_EQ(b.grad(), -6.0);
  EXPECT_EQ(w.grad(), -18.0);
}

// A node that later nodes use twice must pass its gradient on only when it is complete: a walk
// without topological order gives 2 or 3 here.
TEST(Value, NodeUsedTwice) {
  Tape tape;
  const Value a = tape.leaf(1.0);
  const Value b = a + a;
  const Value c = b + b;
  c.backward();
  EXPECT_EQ(b.grad(), 2.0);
  EXPECT_EQ(a.grad(), 4.0);
}

TEST(Value, SecondBackwardAddsToTheFirst) {
  Tape tape;
  const Value a = tape.leaf(2.0), b = tape.leaf(3.0);
  const Value c = a * b;
  const Value L = c + a;
  L.backward();
  L.backward();
  EXPECT_EQ(L.grad(), 1.0);
  EXPECT_EQ(c.grad(), 2.0);
  EXPECT_EQ(a.grad(), 4.0 + 1.0 + 2.0 * 3.0);  // the second time c passes on 2
}

TEST(Value, LeafAsRoot) {
  Tape tape;
  const Value a = tape.leaf(5.0);
  a.backward();
  EXPECT_EQ(a.grad(), 1.0);
}

TEST(Value, ConstantsGetGradientsToo) {
  Tape tape;
  const Value a = tape.leaf(2.0);
  const Value y = a * 5.0;  // a, 5, and their product
  y.backward();
  EXPECT_EQ(tape.size(), 3u);
  EXPECT_EQ(tape.grad(1), 2.0);
}

TEST(Value, ReluAtAndAroundZero) {
  for (const auto& [x, y, slope] : {std::tuple(1.5, 1.5, 1.0), std::tuple(-1.5, 0.0, 0.0),
                                    std::tuple(0.0, 0.0, 0.0), std::tuple(-0.0, 0.0, 0.0)}) {
    Tape tape;
    const Value a = tape.leaf(x);
    const Value r = a.relu();
    r.backward();
    EXPECT_EQ(r.data(), y);
    EXPECT_FALSE(std::signbit(r.data()));
    EXPECT_EQ(a.grad(), slope);
  }
}

TEST(Value, GradientsStayWhenTheGraphIsDropped) {
  Tape tape;
  const Value w = tape.leaf(3.0);
  for (int step = 1; step <= 3; ++step) {
    const Value y = w * w;
    y.backward();
    EXPECT_EQ(w.grad(), 6.0 * step);
    tape.truncate(1);
    EXPECT_EQ(tape.size(), 1u);
  }
}

// Ten million nodes, one below the other: a recursive walk would overflow the stack.
TEST(Value, DeepGraph) {
  Tape tape;
  const Value a = tape.leaf(1.0);
  Value sum = a;
  for (int i = 0; i < 10'000'000; ++i) sum = sum + a;
  sum.backward();
  EXPECT_EQ(a.grad(), 10'000'001.0);
}

// The right child first, and deep too.
TEST(Value, DeepToTheRight) {
  Tape tape;
  const Value a = tape.leaf(1.0);
  Value sum = a;
  for (int i = 0; i < 1'000'000; ++i) sum = a + sum;
  sum.backward();
  EXPECT_EQ(a.grad(), 1'000'001.0);
}

// dot is the chain of products and sums, node for node.
TEST(Value, DotMakesTheNodesOfTheLoop) {
  std::mt19937 rng(1);
  std::normal_distribution<double> normal;
  for (std::size_t n = 1; n <= 9; ++n) {
    Tape one, two;
    std::vector<Value> a1, b1, a2, b2;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = normal(rng), y = normal(rng);
      a1.push_back(one.leaf(x));
      a2.push_back(two.leaf(x));
      b1.push_back(one.leaf(y));
      b2.push_back(two.leaf(y));
    }
    const Value fused = dot(a1.data(), b1.data(), n);
    Value loop = a2[0] * b2[0] + 0.0;
    for (std::size_t i = 1; i < n; ++i) loop = loop + a2[i] * b2[i];
    fused.backward();
    loop.backward();
    ASSERT_EQ(one.size(), two.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one.data(i), two.data(i));
      EXPECT_EQ(one.grad(i), two.grad(i));
    }
  }
}

// A random straight-line program over Values, in C++ and as Python source.
class RandomProgram {
 public:
  explicit RandomProgram(unsigned seed) : rng_(seed) {
    for (int i = 0; i < 4; ++i) add_leaf();
    for (int i = 0; i < 60; ++i) add_operation();
  }

  Tape tape;
  std::vector<Value> values;
  std::string python;

 private:
  double random_number() { return std::uniform_real_distribution<double>(0.3, 1.7)(rng_); }
  std::size_t random_index() { return rng_() % values.size(); }

  void add(Value value, const std::string& source) {
    values.push_back(value);
    python += "v.append(" + source + ")\n";
  }

  static std::string hex(double x) {
    char text[64];
    std::snprintf(text, sizeof(text), "float.fromhex('%a')", x);
    return text;
  }

  void add_leaf() {
    const double x = random_number();
    add(tape.leaf(x), "Value(" + hex(x) + ")");
  }

  void add_operation() {
    const std::size_t i = random_index(), j = random_index();
    const Value a = values[i], b = values[j];
    const std::string A = "v[" + std::to_string(i) + "]", B = "v[" + std::to_string(j) + "]";
    const double c = random_number();
    const bool moderate = std::abs(a.data()) < 10 && std::abs(a.data()) > 0.05;
    switch (rng_() % 14) {
      case 0:
        return add(a + b, A + " + " + B);
      case 1:
        return add(a * b, A + " * " + B);
      case 2:
        return add(a - b, A + " - " + B);
      case 3:
        return b.data() == 0 ? void() : add(a / b, A + " / " + B);
      case 4:
        return add(a + c, A + " + " + hex(c));
      case 5:
        return add(c * a, hex(c) + " * " + A);
      case 6:
        return add(c - a, hex(c) + " - " + A);
      case 7:
        return add(a / c, A + " / " + hex(c));
      case 8:
        return moderate ? add(c / a, hex(c) + " / " + A) : void();
      case 9:
        return add(-a, "-" + A);
      case 10:
        return moderate ? add(a.exp(), A + ".exp()") : void();
      case 11:
        return a.data() > 0.05 ? add(a.log(), A + ".log()") : void();
      case 12:
        return add(a.relu(), A + ".relu()");
      default:
        return a.data() > 0.05 ? add(a.pow(-0.5), A + " ** -0.5") : void();
    }
  }

  std::mt19937 rng_;
};

// Data and gradients of every node, after one and after two calls of backward, equal those of
// microgpt.py's own class, whose text is taken from the file.
TEST(Value, EqualsPythonOnRandomPrograms) {
  const std::string oracle = std::string(MICROGPT_SHARED_DIR) + "/oracle/microgpt.py";
  if (!std::filesystem::exists(oracle)) GTEST_SKIP() << "no " << oracle;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    RandomProgram program(seed);
    const std::string script =
        "import math\n"
        "source = open('" +
        oracle +
        "').read()\n"
        "start = source.index('class Value'); exec(source[start:source.index('# Initialize')])\n"
        "v = []\n" +
        program.python +
        "for _ in range(2):\n"
        "    v[-1].backward()\n"
        "    for x in v: print(float(x.data).hex(), float(x.grad).hex())\n";
    MICROGPT_RUN_PYTHON(output, script);
    std::istringstream expected(output);
    for (int call = 1; call <= 2; ++call) {
      program.values.back().backward();
      for (const Value& value : program.values) {
        std::string data, grad;
        expected >> data >> grad;
        ASSERT_EQ(value.data(), std::strtod(data.c_str(), nullptr)) << program.python;
        ASSERT_EQ(value.grad(), std::strtod(grad.c_str(), nullptr))
            << "seed " << seed << ", call " << call << "\n"
            << program.python;
      }
    }
  }
}

}  // namespace
}  // namespace microgpt::reference
