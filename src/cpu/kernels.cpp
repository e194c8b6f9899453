#include "cpu/kernels.h"

namespace microgpt::cpu {

MICROGPT_DECLARE_FOR_ISAS(extern const Kernels kKernels;)

const Kernels& kernels_for(Isa isa) { return MICROGPT_FOR_ISA(isa, kKernels); }

}  // namespace microgpt::cpu
