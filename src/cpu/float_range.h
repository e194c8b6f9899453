// What float32 can hold of a model's doubles.
#pragma once

#include "microgpt/state_dict.h"

namespace microgpt::cpu {

// A parameter that has never had a gradient is divided, 0 by Adam's epsilon: it must not become 0.
inline constexpr double kMinEpsilon = 1e-37;

// Throws Error: a parameter or a moment would become infinite.
void check_float_range(const StateDict& state);

}  // namespace microgpt::cpu
