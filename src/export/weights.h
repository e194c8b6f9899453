// Weights as a file holds them.
#pragma once

#include <cstdint>
#include <vector>

#include "microgpt/export.h"
#include "microgpt/state_dict.h"

namespace microgpt {

// A matrix in integers: weight (i, j) is integers[i * cols + j] * units[i].
struct IntegerMatrix {
  std::vector<std::int16_t> integers;  // (rows, cols)
  std::vector<float> units;            // (rows)
};

// REQUIRES: weights is kInt8 or kQ4_12. Throws Error: a weight is too large.
IntegerMatrix to_integers(const Tensor& tensor, Weights weights);

}  // namespace microgpt
