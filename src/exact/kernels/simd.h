// Eight doubles side by side, in as many registers as the instruction set needs for them. Included
// by kernels only: everything here is defined once for each instruction set, inside the namespace
// MICROGPT_ISA. A product and the addition of it are rounded separately, as Python rounds them:
// these files are compiled with -ffp-contract=off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#define MICROGPT_INLINE inline __attribute__((always_inline))

namespace microgpt::exact::MICROGPT_ISA {

#if defined(MICROGPT_ISA_avx512)
inline constexpr int kLanes = 8;
#elif defined(MICROGPT_ISA_avx2)
inline constexpr int kLanes = 4;
#else
inline constexpr int kLanes = 2;
#endif
inline constexpr int kRegisters = 8 / kLanes;

using Double = double __attribute__((vector_size(kLanes * sizeof(double))));
using Mask = std::int64_t __attribute__((vector_size(kLanes * sizeof(double))));

struct Double8 {
  Double part[kRegisters];
};

struct Mask8 {
  Mask part[kRegisters];  // -1 where true, 0 elsewhere
};

template <class Result, class F>
MICROGPT_INLINE Result for_each_part(F f) {
  Result result;
  for (int r = 0; r < kRegisters; ++r) result.part[r] = f(r);
  return result;
}

MICROGPT_INLINE Double8 load(const double* p) {
  Double8 x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

MICROGPT_INLINE void store(double* p, Double8 x) { std::memcpy(p, &x, sizeof x); }

// The first n of eight; the others are 0 or left alone.
MICROGPT_INLINE Double8 load_first(const double* p, std::size_t n) {
  double padded[8] = {};
  for (std::size_t i = 0; i < n; ++i) padded[i] = p[i];
  return load(padded);
}

MICROGPT_INLINE void store_first(double* p, Double8 x, std::size_t n) {
  double padded[8];
  store(padded, x);
  for (std::size_t i = 0; i < n; ++i) p[i] = padded[i];
}

MICROGPT_INLINE Double8 splat(double x) {
  return for_each_part<Double8>([&](int) __attribute__((always_inline)) { return x - Double{}; });
}

#define MICROGPT_OPERATOR(result, op)                                        \
  MICROGPT_INLINE result operator op(Double8 a, Double8 b) {                 \
    return for_each_part<result>([&](int r) __attribute__((always_inline)) { \
      return a.part[r] op b.part[r];                                         \
    });                                                                      \
  }
MICROGPT_OPERATOR(Double8, +)
MICROGPT_OPERATOR(Double8, -)
MICROGPT_OPERATOR(Double8, *)
MICROGPT_OPERATOR(Double8, /)
MICROGPT_OPERATOR(Mask8, <)
MICROGPT_OPERATOR(Mask8, <=)
MICROGPT_OPERATOR(Mask8, ==)
MICROGPT_OPERATOR(Mask8, >)
MICROGPT_OPERATOR(Mask8, >=)
MICROGPT_OPERATOR(Mask8, !=)
#undef MICROGPT_OPERATOR

MICROGPT_INLINE Mask8 operator&(Mask8 a, Mask8 b) {
  return for_each_part<Mask8>([&](int r)
                                  __attribute__((always_inline)) { return a.part[r] & b.part[r]; });
}

MICROGPT_INLINE Mask8 operator|(Mask8 a, Mask8 b) {
  return for_each_part<Mask8>([&](int r)
                                  __attribute__((always_inline)) { return a.part[r] | b.part[r]; });
}

MICROGPT_INLINE Double8 select(Mask8 mask, Double8 a, Double8 b) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    return mask.part[r] ? a.part[r] : b.part[r];
  });
}

MICROGPT_INLINE Double8 max(Double8 a, Double8 b) { return select(a > b, a, b); }

}  // namespace microgpt::exact::MICROGPT_ISA
