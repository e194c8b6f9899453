// libm's functions, eight at a time, with libm's bits.
//
// A function is computed in another way than libm's, with a remainder that tells how far the exact
// value r is from the double c at hand. libm promises an error below E ulp (E > 0.5). If r lies
// within 1 - E ulp of c, every other double is more than E ulp from r, so that libm returns c.
// Where that can't be shown, in one lane of forty or fewer, libm is called.
//
// glibc states (sysdeps/ieee754/dbl-64/e_exp_data.c, e_pow.c)
//
//   exp   E = 0.511
//   pow   E = 0.511 + 2^53 1.5 2^-68 |y ln x|
//
// and with c between 2^-75 and 2^76, |y ln x| is below 52.7 and E below 0.51343. Results that are a
// power of two are left to libm, because the next double below is only half an ulp away. The
// remainders below are exact up to a factor of 1 +- 2^-50, which the distance of kShown from 1 - E
// covers many times.
#pragma once

#include <math.h>

#include "exact/kernels/simd.h"
#include "exact/powers_of_two.h"
#include "random/py_pow.h"

// musl's functions are the same ones (ARM's optimized routines), and the bounds above are those
// that they have without a fused multiply-add.
#if defined(__GLIBC__) || defined(__wasi__)
#define MICROGPT_SQUARE_IS_KNOWN
#ifdef MICROGPT_HAS_FMA
#define MICROGPT_LIBM_IS_KNOWN
#endif
#endif

namespace microgpt::exact::MICROGPT_ISA {

// f(x) in the lanes of the mask, the result in the others.
template <class F>
MICROGPT_INLINE Double8 for_lanes(Mask8 mask, Double8 x, Double8 result, F f) {
  if (bits_of(mask) == 0) return result;
  double in[8], out[8];
  store(in, x);
  store(out, result);
  for (unsigned bits = bits_of(mask); bits != 0; bits &= bits - 1) {
    const int lane = __builtin_ctz(bits);
    out[lane] = f(in[lane]);
  }
  return load(out);
}

template <class F>
MICROGPT_INLINE Double8 for_all_lanes(Double8 x, F f) {
  double in[8], out[8];
  store(in, x);
  for (int i = 0; i < 8; ++i) out[i] = f(in[i]);
  return load(out);
}

#ifdef MICROGPT_SQUARE_IS_KNOWN

inline constexpr double kShown = 0.486;

// The power of two in (|c| / 2, |c|].
MICROGPT_INLINE Double8 binade_of(Double8 c) { return and_bits(c, 0x7FF0'0000'0000'0000); }

// Whether it is not shown that |distance| <= limit, or |c| is among the results that are left to
// libm. Zeros are.
MICROGPT_INLINE Mask8 is_unknown(Double8 c_size, Double8 binade, Double8 distance, Double8 limit) {
#if defined(MICROGPT_ISA_avx512)
  // Out of range, with one unsigned comparison of the bits.
  constexpr std::int64_t kLow = (1023LL - 75) << 52, kSpan = 150LL << 52;
  const Mask8 out_of_range{
      _mm512_cmpgt_epu64_mask(_mm512_sub_epi64((__m512i)binade.part[0], _mm512_set1_epi64(kLow)),
                              _mm512_set1_epi64(kSpan))};
#else
  const Mask8 out_of_range = (binade < splat(0x1p-75)) | (binade > splat(0x1p75));
#endif
  return is_not_below(abs(distance), limit) | (c_size == binade) | out_of_range;
}

MICROGPT_INLINE Mask8 is_unknown(Double8 c, Double8 distance) {
  const Double8 binade = binade_of(c);
  return is_unknown(abs(c), binade, distance, binade * splat(kShown * 0x1p-52));
}

// x x - c, where c is x x rounded, and x - c c, where c is sqrt(x) rounded: both are doubles.
#ifdef MICROGPT_HAS_FMA
MICROGPT_INLINE Double8 square_rest(Double8 x, Double8 c) { return fma(x, x, -c); }
MICROGPT_INLINE Double8 sqrt_rest(Double8 x, Double8 c) { return fma(-c, c, x); }
#else
// Dekker's product (A floating-point technique for extending the available precision, 1971): halves
// of 26 bits, whose products are exact.
MICROGPT_INLINE Double8 square_rest(Double8 x, Double8 c) {
  const Double8 big = x * splat(0x1p27 + 1);
  const Double8 high = big - (big - x);
  const Double8 low = x - high;
  return ((high * high - c) + (high + high) * low) + low * low;
}
MICROGPT_INLINE Double8 sqrt_rest(Double8 x, Double8 c) {
  const Double8 square = c * c;
  return (x - square) - square_rest(c, square);
}
#endif

// e = x x - c, r - c = e.
MICROGPT_INLINE Mask8 is_unknown_square(Double8 c, Double8 x) {
  const Double8 binade = binade_of(c);
  return is_unknown(c, binade, square_rest(x, c), binade * splat(kShown * 0x1p-52)) &
         (x != Double8{});
}

// e = x - c c, r - c = e / (r + c), and r + c is 2 c up to a factor of 1 +- 2^-52. Compares e with
// 2 c ulps, to save the division.
MICROGPT_INLINE Mask8 is_unknown_sqrt(Double8 c, Double8 x) {
  const Double8 binade = binade_of(c);
  return is_unknown(c, binade, sqrt_rest(x, c), (binade * splat(2 * kShown * 0x1p-52)) * c) &
         (x != Double8{});
}

#endif

#ifdef MICROGPT_LIBM_IS_KNOWN

// A sum of two doubles that is exact to twice their precision.
struct Wide {
  Double8 high, low;
};

MICROGPT_INLINE Wide product(Double8 a, Double8 b) {
  const Double8 high = a * b;
  return {high, fma(a, b, -high)};
}

// 1 - w x
MICROGPT_INLINE Double8 one_minus(Wide w, Double8 x) {
  return fma(-w.high, x, splat(1.0)) - w.low * x;
}

// c near x ** y, and how far x ** y is from it. In each case the remainder e compares an exact
// product with 1, a first guess is mended with it, and the e of that is what counts:
//
//   y = -1    e = 1 - c x            r = c (1 - e) ** -1      r - c = c e
//   y = -2    e = 1 - c x^2          r = c (1 - e) ** -1      r - c = c e
//   y = -0.5  e = 1 - c^2 x          r = c (1 - e) ** -0.5    r - c = c e / 2
//   y = -1.5  e = 1 - c^2 x^3        r = c (1 - e) ** -0.5    r - c = c e / 2
struct Near {
  Double8 c, distance;
};

MICROGPT_INLINE Near near_pow(Double8 x, double y) {
  const Double8 one = splat(1.0), half = splat(0.5);
  if (y == -1.0) {
    const Double8 c = one / x;
    return {c, c * fma(-c, x, one)};
  }
  if (y == -2.0) {
    const Wide square = product(x, x);
    const Double8 guess = one / square.high;
    const Double8 c = fma(guess, one_minus(square, guess), guess);
    return {c, c * one_minus(square, c)};
  }
  const Double8 root = sqrt(x);
  if (y == -0.5) {
    const Double8 guess = one / root;
    const Double8 c = fma(guess * half, one_minus(product(guess, guess), x), guess);
    return {c, (c * half) * one_minus(product(c, c), x)};
  }
  // y == -1.5
  const Wide square = product(x, x);
  const auto remainder = [&](Double8 c) __attribute__((always_inline)) {
    const Wide c_square = product(c, c);
    Wide both = product(c_square.high, square.high);
    both.low = both.low + (c_square.high * square.low + c_square.low * square.high);
    return one_minus(both, x);
  };
  const Double8 guess = one / (x * root);
  const Double8 c = fma(guess * half, remainder(guess), guess);
  return {c, (c * half) * remainder(c)};
}

#endif

// x ** y for y = -0.5, -1, -1.5 or -2.
MICROGPT_INLINE Double8 pow(Double8 x, double y) {
  const auto libm = [y](double lane) { return libm_pow(lane, y); };
#ifdef MICROGPT_LIBM_IS_KNOWN
  const Near near = near_pow(x, y);
  return for_lanes(is_unknown(near.c, near.distance), x, near.c, libm);
#else
  return for_all_lanes(x, libm);
#endif
}

// x ** 2
MICROGPT_INLINE Double8 square(Double8 x) {
  const auto libm = [](double lane) { return py_pow(lane, 2.0); };
#ifdef MICROGPT_SQUARE_IS_KNOWN
  const Double8 c = x * x;
  return for_lanes(is_unknown_square(c, x), x, c, libm);
#else
  return for_all_lanes(x, libm);
#endif
}

// x ** 0.5
MICROGPT_INLINE Double8 square_root(Double8 x) {
  const auto libm = [](double lane) { return py_pow(lane, 0.5); };
#ifdef MICROGPT_SQUARE_IS_KNOWN
  const Double8 c = sqrt(x);
  return for_lanes(is_unknown_sqrt(c, x), x, c, libm);
#else
  return for_all_lanes(x, libm);
#endif
}

#ifdef MICROGPT_LIBM_IS_KNOWN

// table[k & 15] in each lane, for a table of 16.
MICROGPT_INLINE Double8 look_up(const double* table, Double8 biased_k) {
#if defined(MICROGPT_ISA_avx512)
  return {{(Double)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)biased_k.part[0],
                                          _mm512_loadu_pd(table + 8))}};
#else
  double k[8], values[8];
  store(k, biased_k);
  for (int i = 0; i < 8; ++i) {
    std::uint64_t bits;
    std::memcpy(&bits, &k[i], sizeof bits);
    values[i] = table[bits & 15];
  }
  return load(values);
#endif
}

// x 2 ** (k >> 4)
MICROGPT_INLINE Double8 times_power_of_two(Double8 x, Double8 biased_k) {
  return for_each_part<Double8>([&](int r) __attribute__((always_inline)) {
    return (Double)((Bits)x.part[r] + ((Bits)biased_k.part[r] >> 4 << 52));
  });
}

// c near e ** x for |x| < 700, up to a power of two, and its distance. With x = k ln(2) / 16 + r,
//
//   e ** x = 2 ** (k / 16) e ** r = 2 ** (k / 16) + 2 ** (k / 16) (r + r^2 / 2 + ... + r^8 / 8!)
//
// where |r| < 0.022, so that the rest of the series is below 2^-68. 2 ** (k / 16) and its product
// with r are kept to twice the precision; the terms from r^2 on are so small that their rounding
// errors stay below 2^-63.
struct Exponential {
  Double8 c, distance, biased_k;  // the low bits of biased_k are those of k
};

MICROGPT_INLINE Exponential near_exp(Double8 x) {
  constexpr double kRound = 0x1.8p52;           // added and taken off, rounds to a whole number
  constexpr double kLn2High = 0x1.62e42fefp-5;  // ln(2) / 16 to 33 bits: times k, it is exact
  constexpr double kLn2Low = 0x1.473de6af278edp-38;
  const Double8 biased_k = x * splat(16 / 0x1.62e42fefa39efp-1) + splat(kRound);
  const Double8 k = biased_k - splat(kRound);
  const Double8 r_high = fma(-k, splat(kLn2High), x);
  const Double8 r = fma(-k, splat(kLn2Low), r_high);
  const Double8 r_low = fma(-k, splat(kLn2Low), r_high - r);
  Double8 series = splat(1.0 / 40320);
  series = fma(series, r, splat(1.0 / 5040));
  series = fma(series, r, splat(1.0 / 720));
  series = fma(series, r, splat(1.0 / 120));
  series = fma(series, r, splat(1.0 / 24));
  series = fma(series, r, splat(1.0 / 6));
  series = fma(series, r, splat(0.5));
  const Double8 rest = fma(r * r, series, r_low);
  const Double8 power = look_up(kPowersOfTwo.high, biased_k);
  const Double8 power_low = look_up(kPowersOfTwo.low, biased_k);
  const Wide linear = product(power, r);
  const Double8 sum = power + linear.high;
  const Double8 lost = linear.high - (sum - power);
  const Double8 low = lost + (linear.low + (fma(power_low, r, power_low) + power * rest));
  const Double8 c = sum + low;
  return {c, low - (c - sum), biased_k};
}

#endif

// e ** x
MICROGPT_INLINE Double8 exp(Double8 x) {
  const auto libm = [](double lane) { return ::exp(lane); };
#ifdef MICROGPT_LIBM_IS_KNOWN
  const Exponential near = near_exp(x);
  // e ** 0 is 1, a power of two.
  const Mask8 unknown =
      (is_unknown(near.c, near.distance) & (x != Double8{})) | is_not_below(abs(x), splat(700.0));
  return for_lanes(unknown, x, times_power_of_two(near.c, near.biased_k), libm);
#else
  return for_all_lanes(x, libm);
#endif
}

}  // namespace microgpt::exact::MICROGPT_ISA
