// Which libm this is: two machines with the same fingerprint compute the same bits.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "random/py_pow.h"

namespace microgpt::test {

// SHA-256 over exp, log, pow, sin and cos of a fixed set of inputs: libms differ in last bits, and
// glibc itself picks other code on a processor without FMA.
inline std::string libm_fingerprint() {
  std::vector<double> results;
  for (int i = 1; i <= 4000; ++i) {
    const double x = i * 0.0137;
    results.insert(results.end(), {std::exp(-x), std::log(x), py_pow(x, -1.5), py_pow(x, -0.5),
                                   std::sin(x), std::cos(x)});
  }
  return sha256_hex(
      {reinterpret_cast<const char*>(results.data()), results.size() * sizeof(results[0])});
}

}  // namespace microgpt::test
