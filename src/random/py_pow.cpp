// When must libm's pow return what one cheap instruction gives?
//
// Let r be x ** y before any rounding, and c the double that x*x, 1/x or sqrt(x) yields (for y = 1,
// x itself). glibc states for its pow a worst-case error of 0.54 ulp on every CPU (0.5435 by the
// sum in sysdeps/ieee754/dbl-64/e_pow.c). If |r - c| <= 0.45 ulp then each other double is at least
// 0.55 ulp away from r, and pow returns c. Nine arguments in ten are like that; the rest go to pow.
//
// |r - c| follows from a residual e that one fused multiply-add gives without rounding:
//
//   y = 2     e = x*x - c    r - c = e
//   y = 0.5   e = x - c*c    r - c = e / (r + c), and r + c is 2c up to a factor of 1 +- 2^-53
//   y = -1    e = 1 - c*x    r - c = e / x
//
// so with slope = 1, 2c or |x| the test is |e| <= 0.45 ulp(c) slope. Rounding it adds factors of
// 1 +- 2^-52, far less than the 0.0065 ulp to spare. It asks two more things of c:
// - It is no power of two: below one, the next double is only half an ulp away. For any other c,
//   r lies in the binade of c, so that an ulp of r is an ulp of c.
// - It lies between 2^-450 and 2^451. Then nothing overflows or underflows, and e is exact, as
//   residuals of correctly rounded products, quotients and roots are. This sorts out zeros,
//   infinities and NaNs, too.
//
// Other libms promise no such bound, and without an instruction for it a fused multiply-add costs
// more than pow: there pow is always called.
#include "random/py_pow.h"

#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__GLIBC__) && defined(__x86_64__)
#define MICROGPT_FMA __attribute__((target("fma")))
#elif defined(__GLIBC__) && defined(__aarch64__)
#define MICROGPT_FMA
#endif

namespace microgpt {
namespace {

// Volatile, so that no compiler can tell which function this is and fold it for a known exponent.
double (*volatile hidden_pow)(double, double) = ::pow;

#ifdef MICROGPT_FMA

#ifdef __x86_64__
const bool kHasFma = __builtin_cpu_supports("fma");  // false, which is safe, until initialized
#else
constexpr bool kHasFma = true;
#endif

// The test derived above.
MICROGPT_FMA inline bool pow_must_return(double c, double e, double slope) {
  const auto exponent = std::bit_cast<std::uint64_t>(c) & 0x7FF0'0000'0000'0000;
  const double binade = std::bit_cast<double>(exponent);  // the power of two in (|c|/2, |c|]
  const double ulp = 0x1p-52 * binade;
  return std::fabs(e) <= 0.45 * ulp * slope && std::fabs(c) != binade && binade >= 0x1p-450 &&
         binade <= 0x1p450;
}

MICROGPT_FMA double pow_by_residual(double x, double y) {
  if (y == 2) {
    const double c = x * x;
    if (pow_must_return(c, std::fma(x, x, -c), 1)) return c;
  } else if (y == 0.5) {
    const double c = std::sqrt(x);
    if (pow_must_return(c, std::fma(-c, c, x), 2 * c)) return c;
  } else if (y == -1) {
    const double c = 1 / x;
    if (pow_must_return(c, std::fma(-c, x, 1), std::fabs(x))) return c;
  } else if (y == 1) {
    if (pow_must_return(x, 0, 1)) return x;
  }
  return libm_pow(x, y);
}

#endif

}  // namespace

double libm_pow(double x, double y) { return hidden_pow(x, y); }

double py_pow(double x, double y) {
  if (x == 0 && (y == 2 || y == 0.5)) return 0;  // common, and +0 by C17 F.10.4.4
#ifdef MICROGPT_FMA
  if (kHasFma) return pow_by_residual(x, y);
#endif
  return libm_pow(x, y);
}

}  // namespace microgpt
