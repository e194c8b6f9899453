#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <vector>

#include "microgpt/error.h"
#include "microgpt/random.h"

namespace microgpt {
namespace {

using Words = std::array<std::uint32_t, PythonRandom::kWords>;

constexpr std::size_t kWords = PythonRandom::kWords;
constexpr std::size_t kShift = 397;  // the recurrence's M

// Volatile, so that the compiler calls both and does not merge them into sincos, of which no libm
// promises the same bits.
double (*volatile libm_cos)(double) = ::cos;
double (*volatile libm_sin)(double) = ::sin;

// init_genrand of mt19937ar.c.
Words words_from(std::uint32_t seed) {
  Words words;
  words[0] = seed;
  for (std::uint32_t i = 1; i < kWords; ++i) {
    words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
  }
  return words;
}

// init_by_array of mt19937ar.c.
Words words_from(std::span<const std::uint32_t> key) {
  Words words = words_from(19650218u);
  std::size_t i = 1;
  const auto mix = [&](std::uint32_t multiplier, std::uint32_t& word) {
    word ^= (words[i - 1] ^ (words[i - 1] >> 30)) * multiplier;
  };
  const auto next_place = [&] {
    if (++i < kWords) return;
    words[0] = words[kWords - 1];
    i = 1;
  };
  for (std::size_t k = 0; k < std::max(kWords, key.size()); ++k, next_place()) {
    const std::size_t j = k % key.size();
    mix(1664525u, words[i]);
    words[i] += key[j] + static_cast<std::uint32_t>(j);
  }
  for (std::size_t k = 0; k < kWords - 1; ++k, next_place()) {
    mix(1566083941u, words[i]);
    words[i] -= static_cast<std::uint32_t>(i);
  }
  words[0] = 0x80000000u;
  return words;
}

// The next 624 words of the recurrence, in place: word i from words i, i + 1 and i + 397, modulo
// 624.
void twist(Words& words) {
  const auto next = [&](std::size_t i, std::size_t after, std::size_t shifted) {
    const std::uint32_t y = (words[i] & 0x80000000u) | (words[after] & 0x7FFFFFFFu);
    words[i] = words[shifted] ^ (y >> 1) ^ (y & 1 ? 0x9908B0DFu : 0u);
  };
  std::size_t i = 0;
  for (; i < kWords - kShift; ++i) next(i, i + 1, i + kShift);
  for (; i < kWords - 1; ++i) next(i, i + 1, i + kShift - kWords);
  next(i, 0, kShift - 1);
}

std::uint32_t temper(std::uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ (y >> 18);
}

// bisect.bisect_right(a, x, 0, len(a) - 1). std::upper_bound asks for a sorted range, which running
// sums with a negative weight are not.
std::size_t bisect_right(std::span<const double> a, double x) {
  std::size_t low = 0, high = a.size() - 1;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (x < a[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) {
  const std::uint32_t key[] = {static_cast<std::uint32_t>(seed),
                               static_cast<std::uint32_t>(seed >> 32)};
  // As many words as the seed needs, and one for 0.
  state_.words = words_from(std::span(key).first(key[1] == 0 ? 1 : 2));
  state_.index = kWords;
}

PythonRandom::PythonRandom(const State& state) : state_(state) {
  if (state.index > kWords) {
    throw Error(fmt::format("random state: index, expected 0..{}, got {}", kWords, state.index));
  }
  if (std::all_of(state.words.begin(), state.words.end(), [](auto word) { return word == 0; })) {
    throw Error("random state: words, expected some that are not zero, got all zero");
  }
  if (state.gauss_next && !std::isfinite(*state.gauss_next)) {
    throw Error(fmt::format("random state: gauss_next, expected a finite number, got {}",
                            *state.gauss_next));
  }
}

std::uint32_t PythonRandom::next_word() {
  if (state_.index == kWords) {
    twist(state_.words);
    state_.index = 0;
  }
  return temper(state_.words[state_.index++]);
}

std::uint64_t PythonRandom::getrandbits(int bits) {
  if (bits <= 32) return next_word() >> (32 - bits);
  const std::uint64_t low = next_word();
  const std::uint64_t high = next_word() >> (64 - bits);
  return high << 32 | low;
}

double PythonRandom::random() {
  const std::uint32_t a = next_word() >> 5;
  const std::uint32_t b = next_word() >> 6;
  return (a * 0x1p26 + b) * 0x1p-53;
}

std::uint64_t PythonRandom::randbelow(std::uint64_t n) {
  const auto bits = static_cast<int>(std::bit_width(n));
  std::uint64_t r = getrandbits(bits);
  while (r >= n) r = getrandbits(bits);
  return r;
}

double PythonRandom::gauss(double mu, double sigma) {
  if (state_.gauss_next) return mu + *std::exchange(state_.gauss_next, std::nullopt) * sigma;
  const double angle = random() * (2 * std::numbers::pi);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random()));
  const double z = libm_cos(angle) * radius;
  state_.gauss_next = libm_sin(angle) * radius;
  return mu + z * sigma;
}

std::size_t PythonRandom::choices(std::span<const double> weights) {
  return choose(weights, random());
}

std::size_t choose(std::span<const double> weights, double u) {
  if (weights.empty()) throw Error("choices: weights, expected at least one, got none");
  std::vector<double> sums(weights.begin(), weights.end());
  for (std::size_t i = 1; i < sums.size(); ++i) sums[i] = sums[i - 1] + weights[i];
  const double total = sums.back();
  if (!(total > 0 && std::isfinite(total))) {
    throw Error(
        fmt::format("choices: weights, expected a finite sum above zero, got a sum of {}", total));
  }
  return bisect_right(sums, u * total);
}

}  // namespace microgpt
