// The fastest loops there are, to measure what a processor can do.
#pragma once

#include <cstddef>

namespace microgpt::cpu {

struct PeakKernels {
  // Multiplies and adds in registers, `rounds` times, and returns how many operations that were:
  // two for each multiply-add. seed: any number. Leaves in *sink what makes the compiler do the
  // work.
  double (*multiply_add_f32)(std::size_t rounds, float seed, float* sink);
  double (*multiply_add_f64)(std::size_t rounds, double seed, double* sink);
  // The sum of n floats, n a multiple of 256. Reads them once.
  float (*sum)(const float* x, std::size_t n);
};

}  // namespace microgpt::cpu
