// One register of float32, as wide as the instruction set has. Included by kernels only: everything
// here is defined once for each instruction set, inside the namespace MICROGPT_ISA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace microgpt::cpu::MICROGPT_ISA {

#if defined(MICROGPT_ISA_avx512)
inline constexpr int kLanes = 16;
#elif defined(MICROGPT_ISA_avx2)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif

// GCC's and clang's vector types: + - * / work on all lanes, and so do comparisons (-1 or 0) and
// ?:.
using Float = float __attribute__((vector_size(kLanes * sizeof(float))));
using Int = std::int32_t __attribute__((vector_size(kLanes * sizeof(float))));

#define MICROGPT_INLINE inline __attribute__((always_inline))

MICROGPT_INLINE Float splat(float x) { return x - Float{}; }  // one broadcast; keeps -0

MICROGPT_INLINE Float load(const float* p) {
  Float x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

MICROGPT_INLINE void store(float* p, Float x) { std::memcpy(p, &x, sizeof x); }

// The first n < kLanes lanes; load_n fills the others with 0.
MICROGPT_INLINE Float load_n(const float* p, std::size_t n) {
  Float x{};
  std::memcpy(&x, p, n * sizeof(float));
  return x;
}

MICROGPT_INLINE void store_n(float* p, Float x, std::size_t n) {
  std::memcpy(p, &x, n * sizeof(float));
}

MICROGPT_INLINE Float max(Float a, Float b) { return a > b ? a : b; }

MICROGPT_INLINE Float sqrt(Float x) {
#if defined(MICROGPT_ISA_avx512)
  return Float(_mm512_maskz_sqrt_ps(0xffff, __m512(x)));  // the plain one warns in g++ 12
#elif defined(MICROGPT_ISA_avx2)
  return Float(_mm256_sqrt_ps(__m256(x)));
#elif defined(__x86_64__)
  return Float(_mm_sqrt_ps(__m128(x)));
#elif defined(__aarch64__)
  return Float(vsqrtq_f32(float32x4_t(x)));
#else
  for (int l = 0; l < kLanes; ++l) x[l] = __builtin_sqrtf(x[l]);
  return x;
#endif
}

// Over all lanes, always in the same order.
MICROGPT_INLINE float sum_lanes(Float x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int n = kLanes / 2; n > 0; n /= 2) {
    for (int i = 0; i < n; ++i) lanes[i] += lanes[i + n];
  }
  return lanes[0];
}

MICROGPT_INLINE float max_lanes(Float x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int n = kLanes / 2; n > 0; n /= 2) {
    for (int i = 0; i < n; ++i) lanes[i] = lanes[i] > lanes[i + n] ? lanes[i] : lanes[i + n];
  }
  return lanes[0];
}

// e ** x with an error of about 1 ulp for x in [-87, 88]; below that 2e-38 or less, above 1.6e38 or
// more. x = n ln 2 + r with |r| <= ln(2) / 2, and e ** r by its Taylor series to r^7 (remainder
// 5e-9).
MICROGPT_INLINE Float exp(Float x) {
  constexpr float kLog2e = 1.44269504f;
  constexpr float kLn2High = 0.693145752f;  // its last bits are 0, so that n * kLn2High is exact
  constexpr float kLn2Low = 1.42860677e-6f;
  constexpr float kRound = 0x1.8p23f;  // added and taken off again, rounds to a whole number
  x = x < -87.0f ? splat(-87.0f) : x;
  x = x > 88.0f ? splat(88.0f) : x;
  const Float biased = x * kLog2e + kRound;
  const Float n = biased - kRound;
  const Float r = (x - n * kLn2High) - n * kLn2Low;
  Float p = splat(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // The low bits of biased are n in two's complement; into the exponent with it.
  Int bits;
  std::memcpy(&bits, &biased, sizeof bits);
  bits <<= 23;
  Int result;
  std::memcpy(&result, &p, sizeof result);
  result += bits;
  std::memcpy(&p, &result, sizeof p);
  return p;
}

}  // namespace microgpt::cpu::MICROGPT_ISA
