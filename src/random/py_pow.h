// Python's ** on floats.
#pragma once

namespace microgpt {

// x ** y as CPython computes it for floats where the result is real: libm's pow. Compilers replace
// pow(x, 2.0), pow(x, 0.5) and pow(x, -1.0) by x*x, sqrt(x) and 1/x, which round differently for
// about one double in a thousand; this function lives in a translation unit of its own so that they
// can't. It may be called for those exponents often: see py_pow.cpp for how it avoids libm there
// without ever changing a bit.
double py_pow(double x, double y);

// libm's pow itself, out of the compiler's sight: for who has tried the shortcuts already.
double libm_pow(double x, double y);

}  // namespace microgpt
