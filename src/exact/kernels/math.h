// libm's functions, eight at a time, with libm's bits.
#pragma once

#include <math.h>

#include "exact/kernels/simd.h"
#include "random/py_pow.h"

namespace microgpt::exact::MICROGPT_ISA {

MICROGPT_INLINE Double8 exp(Double8 x) {
  double lanes[8];
  store(lanes, x);
  for (double& lane : lanes) lane = ::exp(lane);
  return load(lanes);
}

MICROGPT_INLINE Double8 pow(Double8 x, double y) {
  double lanes[8];
  store(lanes, x);
  for (double& lane : lanes) lane = py_pow(lane, y);
  return load(lanes);
}

}  // namespace microgpt::exact::MICROGPT_ISA
