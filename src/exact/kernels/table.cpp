#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {

extern const Kernels kKernels;
const Kernels kKernels = {
    .tiles_from_rows = tiles_from_rows,
    .rows_from_tiles = rows_from_tiles,
    .linear_forward = linear_forward,
    .linear_backward_input = linear_backward_input,
    .linear_backward_weight = linear_backward_weight,
    .rmsnorm_forward = rmsnorm_forward,
    .rmsnorm_backward = rmsnorm_backward,
    .activate = activate,
    .activate_backward = activate_backward,
    .add = add,
    .add_scaled = add_scaled,
    .attention_forward = attention_forward,
    .attention_backward = attention_backward,
    .cross_entropy = cross_entropy,
    .adam = adam,
    .matvec = matvec,
};

}  // namespace microgpt::exact::MICROGPT_ISA
