#include "cpu/kernels.h"
#include "cpu/kernels/operations.h"

namespace microgpt::cpu::MICROGPT_ISA {

extern const Kernels kKernels;
const Kernels kKernels = {
    .matmul = matmul,
    .matvec = matvec,
    .embed = embed,
    .embed_backward = embed_backward,
    .rmsnorm = rmsnorm,
    .rmsnorm_backward = rmsnorm_backward,
    .attention = attention,
    .attention_cached = attention_cached,
    .attention_backward = attention_backward,
    .cross_entropy = cross_entropy,
    .adam = adam,
    .sgd = sgd,
};

}  // namespace microgpt::cpu::MICROGPT_ISA
