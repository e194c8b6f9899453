// Operations within a register, beyond simd.h's: sums and maxima across lanes, and square roots.
#pragma once

#include <utility>

#include "cpu/kernels/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace microgpt::cpu::MICROGPT_ISA {

template <int kI>
struct Constant {
  static constexpr int value = kI;
};

template <class F, int... kI>
MICROGPT_INLINE void unroll(F f, std::integer_sequence<int, kI...>) {
  (f(Constant<kI>{}), ...);
}

// Of a lambda: most are only fast where they stand.
#define MICROGPT_INLINE_LAMBDA __attribute__((always_inline))

// Calls f(i) for i from 0 to kN - 1, where i.value is known when compiling: an array that is only
// indexed by such numbers lives in registers.
template <int kN, class F>
MICROGPT_INLINE void unroll(F f) {
  unroll(f, std::make_integer_sequence<int, kN>{});
}

using AllLanes = std::make_integer_sequence<int, kLanes>;

// 0, 1, 2, ...
template <int... kL>
MICROGPT_INLINE Int lane_numbers(std::integer_sequence<int, kL...>) {
  return Int{kL...};
}
MICROGPT_INLINE Int lane_numbers() { return lane_numbers(AllLanes{}); }

// Lane l of the result is lane l ^ kDistance of x.
template <int kDistance, int... kL>
MICROGPT_INLINE Float swap_lanes(Float x, std::integer_sequence<int, kL...>) {
  return __builtin_shufflevector(x, x, (kL ^ kDistance)...);
}

// In each group of kGroup lanes, all become the group's sum: of lanes half a group apart first.
template <int kGroup>
MICROGPT_INLINE Float sum_within(Float x) {
  if constexpr (kGroup == 1) {
    return x;
  } else {
    return sum_within<kGroup / 2>(x + swap_lanes<kGroup / 2>(x, AllLanes{}));
  }
}

template <int kGroup>
MICROGPT_INLINE Float max_within(Float x) {
  if constexpr (kGroup == 1) {
    return x;
  } else {
    return max_within<kGroup / 2>(max(x, swap_lanes<kGroup / 2>(x, AllLanes{})));
  }
}

// In each group of kGroup lanes, all become the group's lane kAt.
template <int kGroup, int kAt, int... kL>
MICROGPT_INLINE Float spread(Float x, std::integer_sequence<int, kL...>) {
  return __builtin_shufflevector(x, x, (kL / kGroup * kGroup + kAt)...);
}
template <int kGroup, int kAt>
MICROGPT_INLINE Float spread(Float x) {
  return spread<kGroup, kAt>(x, AllLanes{});
}

// In each group of kGroup lanes: a's sums of neighbours (lanes 0 and 1, 2 and 3, ...), then b's.
template <int kGroup, int... kL>
MICROGPT_INLINE Float add_neighbours(Float a, Float b, std::integer_sequence<int, kL...>) {
  constexpr auto from = [](int lane) {
    const int at = lane % kGroup * 2;  // in a's group and b's, end to end
    return lane / kGroup * kGroup + at % kGroup + (at < kGroup ? 0 : kLanes);
  };
  return __builtin_shufflevector(a, b, from(kL)...) +
         __builtin_shufflevector(a, b, (from(kL) + 1)...);
}

// Lane s of each group of kGroup lanes becomes the sum over that group's lanes of x[s], for kGroup
// registers x[0], x[1], ...: kGroup - 1 additions in all.
template <int kGroup, int kCount = kGroup>
MICROGPT_INLINE Float sums_of(const Float* x) {
  if constexpr (kCount == 1) {
    return x[0];
  } else {
    return add_neighbours<kGroup>(sums_of<kGroup, kCount / 2>(x),
                                  sums_of<kGroup, kCount / 2>(x + kCount / 2), AllLanes{});
  }
}

// Lanes are taken as units of kUnit, and kGroup lanes as a group. In each group, a becomes a's even
// units and then b's, and b becomes the odd ones.
template <int kUnit, int kGroup, int... kL>
MICROGPT_INLINE void split_units(Float& a, Float& b, std::integer_sequence<int, kL...>) {
  constexpr auto even = [](int lane) {
    const int at = lane % kGroup / kUnit * 2 * kUnit;  // in a's group and b's, end to end
    return lane / kGroup * kGroup + at % kGroup + (at < kGroup ? 0 : kLanes) + lane % kUnit;
  };
  const Float evens = __builtin_shufflevector(a, b, even(kL)...);
  b = __builtin_shufflevector(a, b, (even(kL) + kUnit)...);
  a = evens;
}

// In each group of four units, the four rows a, b, c, d become the four columns.
template <int kUnit>
MICROGPT_INLINE void transpose_units(Float& a, Float& b, Float& c, Float& d) {
  split_units<kUnit, 4 * kUnit>(a, b, AllLanes{});
  split_units<kUnit, 4 * kUnit>(c, d, AllLanes{});
  split_units<kUnit, 4 * kUnit>(a, c, AllLanes{});
  split_units<kUnit, 4 * kUnit>(b, d, AllLanes{});
}

// Transposes kLanes rows in registers: squares of 4 x 4 lanes, then the squares.
MICROGPT_INLINE void transpose_lanes(Float* x) {
  for (int i = 0; i < kLanes; i += 4) transpose_units<1>(x[i], x[i + 1], x[i + 2], x[i + 3]);
  for (int i = 0; i < 4; ++i) {
    if constexpr (kLanes == 16) transpose_units<4>(x[i], x[i + 4], x[i + 8], x[i + 12]);
    if constexpr (kLanes == 8) split_units<4, 8>(x[i], x[i + 4], AllLanes{});
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
