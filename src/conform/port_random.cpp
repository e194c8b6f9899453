// The mistakes of a port's generator.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include "conform/port.h"

namespace microgpt::conform {
namespace {

// init_genrand(seed), which is std::mt19937(seed), where CPython calls init_by_array([seed]).
PythonRandom genrand(std::uint64_t seed) {
  PythonRandom::State state;
  state.words[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < PythonRandom::kWords; ++i) {
    state.words[i] = 1812433253u * (state.words[i - 1] ^ (state.words[i - 1] >> 30)) + i;
  }
  state.index = PythonRandom::kWords;
  return PythonRandom(state);
}

}  // namespace

PortRandom::PortRandom(std::uint64_t seed, const Mistakes& mistakes)
    : mistakes_(mistakes),
      random_(mistakes.has(Mistake::kGenrandSeed) ? genrand(seed) : PythonRandom(seed)) {}

double PortRandom::random() {
  if (mistakes_.has(Mistake::kRandom32)) {
    return static_cast<double>(random_.getrandbits(32)) * 0x1p-32;
  }
  return random_.random();
}

double PortRandom::gauss(double sigma) {
  const bool uncached = mistakes_.has(Mistake::kGaussUncached);
  const bool sine_first = mistakes_.has(Mistake::kGaussSineFirst);
  if (!uncached && !sine_first && !mistakes_.has(Mistake::kRandom32)) {
    return random_.gauss(0, sigma);
  }
  PythonRandom::State state = random_.state();
  if (state.gauss_next && !uncached) {
    const double z = *state.gauss_next;
    state.gauss_next.reset();
    random_ = PythonRandom(state);
    return z * sigma;
  }
  const double angle = random() * 2 * std::numbers::pi;
  const double radius = std::sqrt(-2 * std::log(1 - random()));
  const double cosine = std::cos(angle) * radius, sine = std::sin(angle) * radius;
  state = random_.state();
  state.gauss_next = sine_first ? cosine : sine;
  random_ = PythonRandom(state);
  return (sine_first ? sine : cosine) * sigma;
}

std::vector<std::size_t> PortRandom::shuffled(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (mistakes_.has(Mistake::kNoShuffle)) return order;
  if (!mistakes_.has(Mistake::kShuffleByFloat)) {
    random_.shuffle(std::span(order));
    return order;
  }
  for (std::size_t i = count; i-- > 1;) {
    const double j = random() * static_cast<double>(i + 1);
    std::swap(order[i], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

std::size_t PortRandom::choose(const std::vector<double>& weights) {
  if (mistakes_.has(Mistake::kArgmax)) {
    return static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin());
  }
  const double u = random();
  if (!mistakes_.has(Mistake::kNoRunningSum)) return microgpt::choose(weights, u);
  const auto found = std::ranges::find_if(weights, [&](double p) { return u < p; });
  return static_cast<std::size_t>(std::min(found, weights.end() - 1) - weights.begin());
}

}  // namespace microgpt::conform
