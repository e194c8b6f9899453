#include "exact/kernels.h"

namespace microgpt::exact {

MICROGPT_DECLARE_FOR_ISAS(extern const Kernels kKernels;)

const Kernels& kernels_for(Isa isa) { return MICROGPT_FOR_ISA(isa, kKernels); }

}  // namespace microgpt::exact
