// Loops in blocks of a size that the compiler knows.
#pragma once

#include "exact/kernels/simd.h"

namespace microgpt::exact::MICROGPT_ISA {

// Sums that are held in registers at once.
constexpr int kSums = kLanes == 8 ? 8 : kLanes == 4 ? 4 : 2;

// Calls f with a constant N = kMax as often as it fits into n, then with the rest.
template <int kMax, class F>
MICROGPT_INLINE void in_blocks(std::size_t n, F f) {
  std::size_t i = 0;
  for (; i + kMax <= n; i += kMax) f.template operator()<kMax>(i);
  switch (n - i) {
    case 1:
      return f.template operator()<1>(i);
    case 2:
      if constexpr (kMax > 2) return f.template operator()<2>(i);
      break;
    case 3:
      if constexpr (kMax > 3) return f.template operator()<3>(i);
      break;
    case 4:
      if constexpr (kMax > 4) return f.template operator()<4>(i);
      break;
    case 5:
      if constexpr (kMax > 5) return f.template operator()<5>(i);
      break;
    case 6:
      if constexpr (kMax > 6) return f.template operator()<6>(i);
      break;
    case 7:
      if constexpr (kMax > 7) return f.template operator()<7>(i);
      break;
  }
}

}  // namespace microgpt::exact::MICROGPT_ISA
