// The instruction sets to test.
#pragma once

#include <vector>

#include "base/isa.h"

namespace microgpt::test {

// Those that this machine has.
inline std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::kPlain, Isa::kNeon, Isa::kAvx2, Isa::kAvx512}) {
    if (is_supported(isa)) isas.push_back(isa);
  }
  return isas;
}

}  // namespace microgpt::test
