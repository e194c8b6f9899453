#include "cpu/kernels/peak.h"

#include "cpu/kernels/simd.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

using Double = double __attribute__((vector_size(kLanes * sizeof(float))));

// Enough chains to hide the latency of a multiply-add where two start in each cycle, and no more
// than there are registers for.
constexpr int kChains = 12;

template <class Vector, class Number>
double multiply_add(std::size_t rounds, Number seed, Number* sink) {
  Vector chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = seed + static_cast<Number>(i) - Vector{};
  const Vector factor = Number(0.999) - Vector{}, term = Number(0.001) - Vector{};
  for (std::size_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < kChains; ++i) chains[i] = chains[i] * factor + term;
  }
  Vector total{};
  for (int i = 0; i < kChains; ++i) total += chains[i];
  *sink = total[0];
  return 2.0 * kChains * (sizeof(Vector) / sizeof(Number)) * static_cast<double>(rounds);
}

float sum(const float* x, std::size_t n) {
  constexpr std::size_t kStreams = 8;
  Float totals[kStreams] = {};
  for (std::size_t i = 0; i < n; i += kStreams * kLanes) {
    for (std::size_t k = 0; k < kStreams; ++k) totals[k] += load(x + i + k * kLanes);
  }
  Float total{};
  for (const Float& t : totals) total += t;
  return total[0];
}

}  // namespace

extern const PeakKernels kPeakKernels;
const PeakKernels kPeakKernels = {multiply_add<Float, float>, multiply_add<Double, double>, sum};

}  // namespace microgpt::cpu::MICROGPT_ISA
