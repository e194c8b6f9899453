#include <cstdint>

#include "microgpt/random.h"

namespace microgpt {
namespace {

constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio, odd

// SplitMix64's finalizer (Steele, Lea and Flood 2014): a permutation of 64-bit words in which each
// bit of the input changes each bit of the output half of the time.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

CounterRandom::CounterRandom(std::uint64_t seed, std::uint64_t stream)
    : key_(mix((mix(seed + kGamma) ^ stream) + kGamma)) {}

double CounterRandom::random(std::uint64_t counter) const {
  constexpr double kUnit = 0x1p-53;
  return static_cast<double>(mix((key_ ^ counter) + kGamma) >> 11) * kUnit;
}

}  // namespace microgpt
