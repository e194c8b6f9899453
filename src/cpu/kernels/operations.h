// The functions of the table Kernels, declared for the instruction set that is being compiled.
#pragma once

#include "cpu/kernels.h"

namespace microgpt::cpu::MICROGPT_ISA {

void matmul(const Matmul& m, float* scratch);
void matvec(const Matmul& m);
void embed(float* x, const float* wte, const float* wpe, const int* tokens, const int* positions,
           std::size_t M, std::size_t C);
void embed_backward(float* dw, const float* dx, const int* rows, std::size_t M, std::size_t C,
                    std::size_t begin, std::size_t end);
void rmsnorm(float* y, float* scale, const float* x, std::size_t M, std::size_t C);
void rmsnorm_backward(float* dx, const float* dy, const float* y, const float* scale, std::size_t M,
                      std::size_t C);
void attention(const Attention& a, float* scratch);
void attention_cached(const Attention& a, float* scratch);
void attention_backward(const Attention& a, const float* dout, float* dq, float* dk, float* dv,
                        std::size_t ld, float* scratch);
void cross_entropy(float* losses, float* logits, const int* targets, float weight, std::size_t M,
                   std::size_t V);
void adam(float* params, float* m, float* v, float* grads, const AdamConstants& constants,
          std::size_t n);
void sgd(float* params, float* grads, float learning_rate, std::size_t n);

}  // namespace microgpt::cpu::MICROGPT_ISA
