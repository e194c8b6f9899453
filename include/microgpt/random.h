// Random numbers: CPython's `random` module, number for number, and numbers that have no order.
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
  // Throws Error: see choose.
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

// What random.choices makes of u = random(): the first index at which the running sum of the
// weights exceeds u times their sum. Throws Error: weights are empty, or their sum is not finite or
// not above zero.
std::size_t choose(std::span<const double> weights, double u);

// Random numbers that are a function of (seed, stream, counter) alone: there is no state to keep,
// and any of them can be asked for at any time, in any order and on any thread.
//
//   mix(x):  x ^= x >> 30;  x *= 0xBF58476D1CE4E5B9;  x ^= x >> 27;  x *= 0x94D049BB133111EB;
//            x ^= x >> 31                                       (SplitMix64's finalizer)
//   bits  =  mix((mix((mix(seed + g) ^ stream) + g) ^ counter) + g),  g = 0x9E3779B97F4A7C15
//   random() = (bits >> 11) * 2^-53
class CounterRandom {
 public:
  CounterRandom(std::uint64_t seed, std::uint64_t stream);

  // Uniform in [0, 1), 53 bits.
  double random(std::uint64_t counter) const;

 private:
  std::uint64_t key_;
};

}  // namespace microgpt
