// Eight doubles side by side, in as many registers as the instruction set needs for them. Included
// by kernels only: everything here is defined once for each instruction set, inside the namespace
// MICROGPT_ISA. A product and the addition of it are rounded separately, as Python rounds them:
// these files are compiled with -ffp-contract=off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(MICROGPT_ISA_avx2) || defined(MICROGPT_ISA_avx512)
#include <immintrin.h>
#elif defined(MICROGPT_ISA_neon)
#include <arm_neon.h>
#endif

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
using Int = std::int64_t __attribute__((vector_size(kLanes * sizeof(double))));
using Bits = std::uint64_t __attribute__((vector_size(kLanes * sizeof(double))));

struct Double8 {
  Double part[kRegisters];
};

template <class Result, class F>
MICROGPT_INLINE Result for_each_part(F f) {
  Result result;
  for (int r = 0; r < kRegisters; ++r) result.part[r] = f(r);
  return result;
}

MICROGPT_INLINE Double8 load(const double* p) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    Double part;
    std::memcpy(&part, p + r * kLanes, sizeof part);
    return part;
  });
}

MICROGPT_INLINE void store(double* p, Double8 x) {
  for (int r = 0; r < kRegisters; ++r) std::memcpy(p + r * kLanes, &x.part[r], sizeof x.part[r]);
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
#undef MICROGPT_OPERATOR

#if defined(MICROGPT_ISA_avx512)

struct Mask8 {
  __mmask8 bits;  // lane i is set if bit i is
};

MICROGPT_INLINE Mask8 operator&(Mask8 a, Mask8 b) { return {_kand_mask8(a.bits, b.bits)}; }
MICROGPT_INLINE Mask8 operator|(Mask8 a, Mask8 b) { return {_kor_mask8(a.bits, b.bits)}; }
MICROGPT_INLINE Mask8 operator~(Mask8 a) { return {_knot_mask8(a.bits)}; }

#define MICROGPT_COMPARE(op, predicate)                                             \
  MICROGPT_INLINE Mask8 operator op(Double8 a, Double8 b) {                         \
    return {_mm512_cmp_pd_mask((__m512d)a.part[0], (__m512d)b.part[0], predicate)}; \
  }
MICROGPT_COMPARE(<, _CMP_LT_OQ)
MICROGPT_COMPARE(<=, _CMP_LE_OQ)
MICROGPT_COMPARE(>, _CMP_GT_OQ)
MICROGPT_COMPARE(>=, _CMP_GE_OQ)
MICROGPT_COMPARE(==, _CMP_EQ_OQ)
MICROGPT_COMPARE(!=, _CMP_NEQ_UQ)
#undef MICROGPT_COMPARE

MICROGPT_INLINE Double8 select(Mask8 mask, Double8 a, Double8 b) {
  return {
      {(Double)_mm512_mask_blend_pd((__mmask8)mask.bits, (__m512d)b.part[0], (__m512d)a.part[0])}};
}

#elif defined(MICROGPT_ISA_plain)

struct Mask8 {
  Int part[kRegisters];  // lane i is set if all its bits are
};

#define MICROGPT_OPERATOR(op)                                                    \
  MICROGPT_INLINE Mask8 operator op(Mask8 a, Mask8 b) {                          \
    return for_each_part<Mask8>([&](int r) __attribute__((always_inline))->Int { \
      return a.part[r] op b.part[r];                                             \
    });                                                                          \
  }
MICROGPT_OPERATOR(&)
MICROGPT_OPERATOR(|)
#undef MICROGPT_OPERATOR
MICROGPT_INLINE Mask8 operator~(Mask8 a) {
  return for_each_part<Mask8>([&](int r) __attribute__((always_inline)) { return ~a.part[r]; });
}

#define MICROGPT_COMPARE(op)                                                \
  MICROGPT_INLINE Mask8 operator op(Double8 a, Double8 b) {                 \
    return for_each_part<Mask8>([&](int r) __attribute__((always_inline)) { \
      return (Int)(a.part[r] op b.part[r]);                                 \
    });                                                                     \
  }

MICROGPT_INLINE Double8 select(Mask8 mask, Double8 a, Double8 b) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    return (Double)((mask.part[r] & (Int)a.part[r]) | (~mask.part[r] & (Int)b.part[r]));
  });
}

#else

struct Mask8 {
  unsigned bits;  // lane i is set if bit i is
};

MICROGPT_INLINE Mask8 operator&(Mask8 a, Mask8 b) { return {a.bits & b.bits}; }
MICROGPT_INLINE Mask8 operator|(Mask8 a, Mask8 b) { return {a.bits | b.bits}; }
MICROGPT_INLINE Mask8 operator~(Mask8 a) { return {~a.bits & 0xFFu}; }

// The sign of each lane, as bits.
MICROGPT_INLINE unsigned sign_bits(Int x) {
#if defined(MICROGPT_ISA_avx2)
  return static_cast<unsigned>(_mm256_movemask_pd((__m256d)x));
#else
  return static_cast<unsigned>(x[0] < 0) | static_cast<unsigned>(x[1] < 0) << 1;
#endif
}

#define MICROGPT_COMPARE(op)                                                 \
  MICROGPT_INLINE Mask8 operator op(Double8 a, Double8 b) {                  \
    Mask8 mask{0};                                                           \
    for (int r = 0; r < kRegisters; ++r) {                                   \
      mask.bits |= sign_bits((Int)(a.part[r] op b.part[r])) << (r * kLanes); \
    }                                                                        \
    return mask;                                                             \
  }

MICROGPT_INLINE Double8 select(Mask8 mask, Double8 a, Double8 b) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    Int bit;
    for (int i = 0; i < kLanes; ++i) bit[i] = std::int64_t{1} << (r * kLanes + i);
    return ((mask.bits - Int{}) & bit) != 0 ? a.part[r] : b.part[r];
  });
}

#endif

#if !defined(MICROGPT_ISA_avx512)
MICROGPT_COMPARE(<)
MICROGPT_COMPARE(<=)
MICROGPT_COMPARE(>)
MICROGPT_COMPARE(>=)
MICROGPT_COMPARE(==)
MICROGPT_COMPARE(!=)
#undef MICROGPT_COMPARE
#endif

// Bit i for lane i.
#if defined(MICROGPT_ISA_plain)
MICROGPT_INLINE unsigned bits_of(Mask8 mask) {
  Int any{};
  for (int r = 0; r < kRegisters; ++r) any |= mask.part[r];
  if ((any[0] | any[1]) == 0) return 0;
  unsigned bits = 0;
  for (int r = 0; r < kRegisters; ++r) {
    for (int i = 0; i < kLanes; ++i) {
      bits |= static_cast<unsigned>(mask.part[r][i] & 1) << (r * kLanes + i);
    }
  }
  return bits;
}
#else
MICROGPT_INLINE unsigned bits_of(Mask8 mask) { return mask.bits; }
#endif

// x with those bits of each lane that are set in `bits`.
MICROGPT_INLINE Double8 and_bits(Double8 x, std::uint64_t bits) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    return (Double)((Bits)x.part[r] & bits);
  });
}

MICROGPT_INLINE Double8 abs(Double8 x) { return and_bits(x, 0x7FFF'FFFF'FFFF'FFFF); }

// A product and a sum, rounded once.
#if defined(MICROGPT_ISA_avx2) || defined(MICROGPT_ISA_avx512) || defined(MICROGPT_ISA_neon)
#define MICROGPT_HAS_FMA
MICROGPT_INLINE Double8 fma(Double8 a, Double8 b, Double8 c) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
#if defined(MICROGPT_ISA_avx512)
    return (Double)_mm512_fmadd_pd((__m512d)a.part[r], (__m512d)b.part[r], (__m512d)c.part[r]);
#elif defined(MICROGPT_ISA_avx2)
    return (Double)_mm256_fmadd_pd((__m256d)a.part[r], (__m256d)b.part[r], (__m256d)c.part[r]);
#else
    return (Double)vfmaq_f64((float64x2_t)c.part[r], (float64x2_t)a.part[r],
                             (float64x2_t)b.part[r]);
#endif
  });
}

MICROGPT_INLINE Double8 operator-(Double8 x) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) { return -x.part[r]; });
}

MICROGPT_INLINE Double8 sqrt(Double8 x) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
#if defined(MICROGPT_ISA_avx512)
    return (Double)_mm512_sqrt_pd((__m512d)x.part[r]);
#elif defined(MICROGPT_ISA_avx2)
    return (Double)_mm256_sqrt_pd((__m256d)x.part[r]);
#else
    return (Double)vsqrtq_f64((float64x2_t)x.part[r]);
#endif
  });
}
#else
MICROGPT_INLINE Double8 sqrt(Double8 x) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    Double root;
    for (int i = 0; i < kLanes; ++i) root[i] = __builtin_sqrt(x.part[r][i]);
    return root;
  });
}
#endif

// Not a <= b, so that NaN counts.
MICROGPT_INLINE Mask8 is_not_below(Double8 a, Double8 b) {
#if defined(MICROGPT_ISA_avx512)
  return {_mm512_cmp_pd_mask((__m512d)a.part[0], (__m512d)b.part[0], _CMP_NLE_UQ)};
#else
  return ~(a <= b);
#endif
}

MICROGPT_INLINE Double8 max(Double8 a, Double8 b) { return select(a > b, a, b); }

}  // namespace microgpt::exact::MICROGPT_ISA
