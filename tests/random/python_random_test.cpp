#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "microgpt/random.h"
#include "support/message_of.h"
#include "support/python.h"

namespace microgpt {
namespace {

using State = PythonRandom::State;

// Matsumoto and Nishimura's initialization by one word, straight from their definition.
State seeded_by_word(std::uint32_t seed) {
  State state;
  state.index = PythonRandom::kWords;
  for (std::uint32_t i = 0; std::uint32_t & word : state.words) {
    word = seed;
    seed = 1812433253u * (seed ^ seed >> 30) + ++i;
  }
  return state;
}

// And by an array, likewise.
State seeded_by_array(const std::vector<std::uint32_t>& key) {
  State state = seeded_by_word(19650218u);
  auto& mt = state.words;
  std::uint32_t i = 1, j = 0;
  for (std::size_t k = 0; k < mt.size(); ++k) {
    mt[i] = (mt[i] ^ (mt[i - 1] ^ mt[i - 1] >> 30) * 1664525u) + key[j] + j;
    if (++i == mt.size()) mt[0] = mt[623], i = 1;
    if (++j == key.size()) j = 0;
  }
  for (std::size_t k = 1; k < mt.size(); ++k) {
    mt[i] = (mt[i] ^ (mt[i - 1] ^ mt[i - 1] >> 30) * 1566083941u) - i;
    if (++i == mt.size()) mt[0] = mt[623], i = 1;
  }
  mt[0] = 0x80000000u;
  return state;
}

// mt19937ar.out, the authors' own output for init_by_array({0x123, 0x234, 0x345, 0x456}).
TEST(PythonRandom, PublishedVectorOfMt19937) {
  PythonRandom random(seeded_by_array({0x123, 0x234, 0x345, 0x456}));
  for (const std::uint32_t word : {1067595299u, 955945823u, 477289528u, 4107218783u, 4228976476u}) {
    EXPECT_EQ(random.getrandbits(32), word);
  }
}

// [rand.predef] of the C++ standard: the 10,000th number that mt19937 gives.
TEST(PythonRandom, PublishedVectorOfTheCppStandard) {
  PythonRandom random(seeded_by_word(5489));
  for (int i = 1; i < 10'000; ++i) random.getrandbits(32);
  EXPECT_EQ(random.getrandbits(32), 4123659995u);
}

// The key is the seed's 32-bit words from the low end, as many as it needs and one at least.
TEST(PythonRandom, SeedsByTheWordsOfTheSeed) {
  const std::pair<std::uint64_t, std::vector<std::uint32_t>> cases[] = {
      {0, {0}},
      {42, {42}},
      {0xFFFFFFFF, {0xFFFFFFFF}},
      {0x100000000, {0, 1}},
      {0xFEDCBA9876543210, {0x76543210, 0xFEDCBA98}},
  };
  for (const auto& [seed, key] : cases) {
    EXPECT_EQ(PythonRandom(seed).state(), seeded_by_array(key)) << seed;
  }
}

// What CPython 3.11 gives for one sequence of calls.
struct Figures {
  std::uint64_t seed;
  double random[3];
  std::uint64_t bits[4];  // getrandbits of 1, 32, 33, 64
  std::uint64_t below;    // randbelow(1000)
  std::size_t choice;     // choices with weights 1, 2, 3, 4
  double gauss[3];
  int shuffled[10];
  double random_at_last;
};

constexpr Figures kFigures[] = {
    {0,
     {0x1.b0580f98a7dbep-1, 0x1.84129978f9c1ap-1, 0x1.aeaa51052e978p-2},
     {0x0, 0xf728b4fa, 0x82e2e662, 0xeb1167b367a9c378},
     802,
     3,
     {0.9223306019157185, -0.1891931090669293, 0.5456115709634167},
     {1, 5, 3, 7, 8, 0, 6, 9, 4, 2},
     0x1.3d97530ca446ep-2},
    {42,
     {0x1.4762f307200c5p-1, 0x1.99c6b5eeb2060p-6, 0x1.19a1491f589dcp-2},
     {0x0, 0x23b8c1e9, 0xbc8960a9, 0xbd9c66b3ad3c2d6d},
     913,
     2,
     {-0.21417212260954865, -0.1368492834021647, 0.6052598548711591},
     {2, 1, 8, 7, 4, 6, 5, 3, 0, 9},
     0x1.2db43b51cde06p-1},
    {4294967296,
     {0x1.ced31cb3df170p-4, 0x1.abdb5477a4f26p-2, 0x1.1139c02ebd380p-6},
     {0x1, 0xe047a393, 0x1ce3ee200, 0xd67ce86c54ddeae1},
     558,
     3,
     {0.3954500168196663, 0.034871363863444665, 0.9916576011725985},
     {8, 4, 2, 0, 1, 7, 3, 6, 9, 5},
     0x1.6b14d2c8d2975p-1},
    {0xffffffffffffffff,
     {0x1.659799fd7f980p-6, 0x1.5a35a94f333d8p-2, 0x1.b21c0274c09a4p-3},
     {0x1, 0x1853117e, 0x1eb6900f4, 0xc49b2c2e5efcc0eb},
     749,
     3,
     {0.6162520419381179, 0.21904017064048717, -1.4354882457659395},
     {3, 8, 9, 0, 4, 6, 2, 7, 5, 1},
     0x1.2f557fe027d08p-2},
};

TEST(PythonRandom, StoredFiguresOfCPython) {
  for (const Figures& figures : kFigures) {
    SCOPED_TRACE(figures.seed);
    PythonRandom random(figures.seed);
    for (const double x : figures.random) EXPECT_EQ(random.random(), x);
    const int widths[] = {1, 32, 33, 64};
    for (int i = 0; i < 4; ++i) EXPECT_EQ(random.getrandbits(widths[i]), figures.bits[i]);
    EXPECT_EQ(random.randbelow(1000), figures.below);
    EXPECT_EQ(random.choices(std::vector<double>{1, 2, 3, 4}), figures.choice);
    // Through the libm's log, sin and cos, whose last bits differ between machines.
    for (const double x : figures.gauss) EXPECT_NEAR(random.gauss(0, 1) / x, 1, 1e-15);
    std::vector<int> x(10);
    std::iota(x.begin(), x.end(), 0);
    random.shuffle(std::span(x));
    EXPECT_TRUE(std::equal(x.begin(), x.end(), figures.shuffled));
    EXPECT_EQ(random.random(), figures.random_at_last);
  }
}

std::string bits_of(double x) { return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(x)); }

constexpr char kProgram[] = R"(
import random, struct
def bits(x): return struct.pack('>d', x).hex()
for seed in 0, 1, 42, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1:
    r = random.Random(seed)
    print('seed', seed)
    for i in range(1, 65):
        print(bits(r.random()), r.getrandbits(i), bits(r.gauss(0.5, 0.08)))
        if i % 3 == 0: print(bits(r.gauss(0, 1)))
        print(r._randbelow(i), r._randbelow(2**i - 1), r._randbelow(2**(i - 1)))
        x = list(range(i if i < 60 else 20 * i))
        r.shuffle(x)
        print(*x, end=' \n')
        print(r.choices(range(i), weights=[r.random()**2 for _ in range(i)])[0])
        print(r.choices(range(4), weights=[0.0, 2.0, -0.5, 1.0])[0])
)";

// The same program; the order of the draws matters in each line of it.
std::string our_output() {
  std::string out;
  for (const std::uint64_t seed :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{42}, std::uint64_t{1} << 31,
        (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 1,
        std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    PythonRandom r(seed);
    out += fmt::format("seed {}\n", seed);
    for (int i = 1; i <= 64; ++i) {
      const std::uint64_t power = std::uint64_t{1} << (i - 1), all_ones = power - 1 + power;
      out += bits_of(r.random());
      out += fmt::format(" {} ", r.getrandbits(i));
      out += bits_of(r.gauss(0.5, 0.08)) + "\n";
      if (i % 3 == 0) out += bits_of(r.gauss(0, 1)) + "\n";
      out += fmt::format("{} ", r.randbelow(static_cast<std::uint64_t>(i)));
      out += fmt::format("{} ", r.randbelow(all_ones));
      out += fmt::format("{}\n", r.randbelow(power));
      std::vector<int> x(static_cast<std::size_t>(i < 60 ? i : 20 * i));
      std::iota(x.begin(), x.end(), 0);
      r.shuffle(std::span(x));
      for (const int element : x) out += fmt::format("{} ", element);
      out += "\n";
      std::vector<double> weights(static_cast<std::size_t>(i));
      for (double& weight : weights) {
        weight = r.random();
        weight *= weight;
      }
      out += fmt::format("{}\n", r.choices(weights));
      out += fmt::format("{}\n", r.choices(std::vector<double>{0.0, 2.0, -0.5, 1.0}));
    }
  }
  return out;
}

TEST(PythonRandom, EqualsThePythonAtHandBitForBit) {
  MICROGPT_RUN_PYTHON(output, kProgram);
  const std::string ours = our_output();
  const auto [a, b] = std::mismatch(ours.begin(), ours.end(), output.begin(), output.end());
  const auto at = static_cast<std::size_t>(a - ours.begin());
  const std::size_t from = at < 200 ? 0 : at - 200;
  EXPECT_TRUE(ours == output) << "ours ends in\n"
                              << ours.substr(from, at - from + 40) << "\nPython's in\n"
                              << output.substr(from, at - from + 40);
}

// In the middle of a block of words, with a cached value of gauss and without.
TEST(PythonRandom, ContinuesFromItsState) {
  PythonRandom random(42);
  for (int draws = 0; draws < 2000; draws += 97) {
    for (int i = 0; i < 97; ++i) random.getrandbits(32);
    random.gauss(0, 1);
    PythonRandom copy(random.state());
    EXPECT_EQ(copy.state(), random.state());
    PythonRandom original = random;
    for (int i = 0; i < 700; ++i) {
      ASSERT_EQ(bits_of(copy.gauss(0, 1)), bits_of(original.gauss(0, 1)));
      ASSERT_EQ(copy.getrandbits(32), original.getrandbits(32));
    }
  }
  random = PythonRandom(42);
  random.gauss(0, 1);
  EXPECT_TRUE(random.state().gauss_next);
  random.gauss(0, 1);
  EXPECT_FALSE(random.state().gauss_next);
}

TEST(PythonRandom, RefusesStatesThatCannotBe) {
  const auto error = [](auto change) {
    State state = PythonRandom(1).state();
    change(state);
    return message_of([&] { PythonRandom random(state); });
  };
  EXPECT_EQ(error([](State&) {}), "no error");
  EXPECT_EQ(error([](State& state) { state.index = 625; }),
            "random state: index, expected 0..624, got 625");
  EXPECT_EQ(error([](State& state) { state.words = {}; }),
            "random state: words, expected some that are not zero, got all zero");
  EXPECT_EQ(error([](State& state) { state.gauss_next = std::nan(""); }),
            "random state: gauss_next, expected a finite number, got nan");
  EXPECT_EQ(error([](State& state) { state.gauss_next = HUGE_VAL; }),
            "random state: gauss_next, expected a finite number, got inf");
}

TEST(PythonRandom, RefusesWeightsThatPythonRefuses) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const auto error = [](std::vector<double> weights) {
    return message_of([&] { PythonRandom(1).choices(weights); });
  };
  EXPECT_EQ(error({}), "choices: weights, expected at least one, got none");
  EXPECT_EQ(error({0, 0}), "choices: weights, expected a finite sum above zero, got a sum of 0");
  EXPECT_EQ(error({1, -2}), "choices: weights, expected a finite sum above zero, got a sum of -1");
  EXPECT_EQ(error({1, kInf}),
            "choices: weights, expected a finite sum above zero, got a sum of inf");
  EXPECT_EQ(error({std::nan(""), 1}),
            "choices: weights, expected a finite sum above zero, got a sum of nan");
}

}  // namespace
}  // namespace microgpt
