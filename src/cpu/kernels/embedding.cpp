#include "cpu/kernels/operations.h"

namespace microgpt::cpu::MICROGPT_ISA {

void embed(float* x, const float* wte, const float* wpe, const int* tokens, const int* positions,
           std::size_t M, std::size_t C) {
  for (std::size_t m = 0; m < M; ++m) {
    const float* tok_emb = wte + static_cast<std::size_t>(tokens[m]) * C;
    const float* pos_emb = wpe + static_cast<std::size_t>(positions[m]) * C;
    for (std::size_t c = 0; c < C; ++c) x[m * C + c] = tok_emb[c] + pos_emb[c];
  }
}

void embed_backward(float* dw, const float* dx, const int* rows, std::size_t M, std::size_t C,
                    std::size_t begin, std::size_t end) {
  for (std::size_t m = 0; m < M; ++m) {
    float* row = dw + static_cast<std::size_t>(rows[m]) * C;
    for (std::size_t c = begin; c < end; ++c) row[c] += dx[m * C + c];
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
