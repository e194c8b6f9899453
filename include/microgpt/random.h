// CPython's `random` module, number for number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace microgpt {

// The generator behind random.seed, random.shuffle, random.gauss and random.choices: MT19937
// (Matsumoto and Nishimura 1998) seeded and drawn from as CPython 3 does (Modules/_randommodule.c,
// Lib/random.py). The same seed gives the same stream as Python, to the last bit.
class PythonRandom {
 public:
  static constexpr std::size_t kWords = 624;

  // Everything the stream depends on: what random.getstate() holds.
  struct State {
    std::array<std::uint32_t, kWords> words{};
    std::uint32_t index = 0;           // next word to use, kWords when all are used up
    std::optional<double> gauss_next;  // the second value of the last Box-Muller pair

    bool operator==(const State&) const = default;
  };

  // random.seed(seed), for the seeds that fit 64 bits.
  explicit PythonRandom(std::uint64_t seed);

  // Continues the stream that `state` was taken from.
  // Throws Error: index is over kWords, all words are zero, or gauss_next is not finite.
  explicit PythonRandom(const State& state);

  const State& state() const { return state_; }

  // random.getrandbits(bits), bits in 1..64.
  std::uint64_t getrandbits(int bits);

  // random.random(): uniform in [0, 1), 53 bits.
  double random();

  // random._randbelow(n): uniform in 0..n-1, n > 0, by rejection.
  std::uint64_t randbelow(std::uint64_t n);

  // random.gauss(mu, sigma): Box-Muller, cosine first, sine cached.
  double gauss(double mu, double sigma);

  // random.choices(range(len(weights)), weights=weights)[0].
  // Throws Error: weights are empty, or their sum is not finite or not above zero.
  std::size_t choices(std::span<const double> weights);

  // random.shuffle(x): swaps from the end.
  template <class T>
  void shuffle(std::span<T> x) {
    for (std::size_t i = x.size(); i-- > 1;) std::swap(x[i], x[randbelow(i + 1)]);
  }

 private:
  std::uint32_t next_word();

  State state_;
};

}  // namespace microgpt
