// What the kernel sources of one instruction set define, for its table of them.
#pragma once

#include "exact/kernels.h"
#include "exact/kernels/simd.h"

namespace microgpt::exact::MICROGPT_ISA {

// See Kernels for each.
void tiles_from_rows(double* tiles, const double* rows, std::size_t n_tiles, std::size_t features);
void rows_from_tiles(double* rows, const double* tiles, std::size_t n_tiles, std::size_t features);
void linear_forward(double* out, const double* x, const double* w, std::size_t n_tiles,
                    std::size_t rows, std::size_t cols);
void linear_backward_input(double* dx, const double* dy, const double* w,
                           const std::uint32_t* order, std::size_t n_tiles, std::size_t rows,
                           std::size_t cols, bool add);
void linear_backward_weight(double* dw, const double* dy, const double* x, std::size_t n,
                            std::size_t rows, std::size_t cols, bool add);
void rmsnorm_forward(double* out, double* mean_square, double* scale, const double* x,
                     std::size_t n_tiles, std::size_t features);
void rmsnorm_backward(double* dx, const double* residual, const double* dout, const double* x,
                      const double* mean_square, const double* scale, std::size_t n_tiles,
                      std::size_t features);
void activate(double* h, const double* x, std::size_t count, bool squared);
void activate_backward(double* dh, const double* x, std::size_t count, bool squared);
void add(double* out, const double* a, const double* b, std::size_t count);
void add_scaled(double* out, const double* a, const double* scale, std::size_t n_tiles,
                std::size_t features);
void attention_forward(double* out, double* exps, double* total, double* inverse, const double* qkv,
                       const AttentionShape& shape);
void attention_backward(double* dqkv, double* scratch, const double* dout, const double* exps,
                        const double* total, const double* inverse, const double* qkv,
                        const AttentionShape& shape);
void cross_entropy(double* losses, double* dlogits, double* dtarget, const double* logits,
                   const int* targets, std::size_t n, std::size_t vocab_size, double dloss);
void adam(double* params, double* m, double* v, const double* grads, std::size_t count,
          const AdamConstants& constants);
void matvec(double* out, const double* x, const double* wt, std::size_t rows, std::size_t cols);

}  // namespace microgpt::exact::MICROGPT_ISA
