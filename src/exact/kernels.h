// The arithmetic of the exact engine, compiled for each instruction set.
//
// Positions are computed eight at a time, one in each lane of a vector, so that every sum over
// features, rows or keys runs in Python's order in each lane. A `tile` is eight positions:
//
//   tiles   [n_tiles][features][8]      feature f of position p at tile p / 8, lane p % 8
//   rows    [n_tiles * 8][padded(features)]    the same by position, rows padded with zeros
//
// Lanes beyond the last position of a sequence hold finite numbers that nothing depends on.
// Adding a term that is +-0 changes no bit of a sum that begins at +0, which all do: this is why
// masked lanes may take part in sums as zeros, as long as all numbers are finite.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/isa.h"

namespace microgpt::exact {

inline constexpr std::size_t kTile = 8;

constexpr std::size_t tiles_of(std::size_t positions) { return (positions + kTile - 1) / kTile; }
constexpr std::size_t padded(std::size_t features) { return tiles_of(features) * kTile; }

// What attention needs to know and what it keeps, of one layer and one sequence of n positions.
struct AttentionShape {
  std::size_t n_embd, n_head, n;
  double inverse_sqrt_head_dim;  // (head_dim ** 0.5) ** -1
};

struct AdamConstants {
  double beta1, beta2, one_minus_beta1, one_minus_beta2;
  double m_correction, v_correction;  // 1 - beta ** t
  double learning_rate, eps_adam;
  bool square_is_product;  // the first edition's grad * grad, not libm's pow
};

struct Kernels {
  // Rows to tiles and back, eight positions at a time: those beyond the last are copied too.
  void (*tiles_from_rows)(double* tiles, const double* rows, std::size_t n_tiles,
                          std::size_t features);
  void (*rows_from_tiles)(double* rows, const double* tiles, std::size_t n_tiles,
                          std::size_t features);

  // out = x W^T: out[o] = sum over i of w[o][i] * x[i], from the first i on. w: (rows, cols).
  void (*linear_forward)(double* out, const double* x, const double* w, std::size_t n_tiles,
                         std::size_t rows, std::size_t cols);
  // dx = (add ? dx : 0) + dy W: the terms of dx[i] are added in the given order of the rows.
  void (*linear_backward_input)(double* dx, const double* dy, const double* w,
                                const std::uint32_t* order, std::size_t n_tiles, std::size_t rows,
                                std::size_t cols, bool add);
  // dw[o][i] = (add ? dw[o][i] : 0) + sum of dy[o] * x[i] from the last position to the first.
  // x in rows, dy in tiles.
  void (*linear_backward_weight)(double* dw, const double* dy, const double* x, std::size_t n,
                                 std::size_t rows, std::size_t cols, bool add);

  // out = x * scale with scale = (mean(x ** 2) + 1e-5) ** -0.5; keeps mean + 1e-5 and scale
  // [n_tiles][8].
  void (*rmsnorm_forward)(double* out, double* mean_square, double* scale, const double* x,
                          std::size_t n_tiles, std::size_t features);
  // dx = residual + the gradient through the norm; residual may be null, or dx itself.
  void (*rmsnorm_backward)(double* dx, const double* residual, const double* dout, const double* x,
                           const double* mean_square, const double* scale, std::size_t n_tiles,
                           std::size_t features);

  // h = relu(x), or its square; activate_backward multiplies dh, in place, by the
  // local gradient.
  void (*activate)(double* h, const double* x, std::size_t count, bool squared);
  void (*activate_backward)(double* dh, const double* x, std::size_t count, bool squared);

  void (*add)(double* out, const double* a, const double* b, std::size_t count);

  // out += a * scale; out and a: tiles, scale: [n_tiles][8].
  void (*add_scaled)(double* out, const double* a, const double* scale, std::size_t n_tiles,
                     std::size_t features);

  // qkv: tiles of 3 n_embd features. out: tiles of n_embd. exps: [n_head][n_tiles][n][8], the
  // exponentials of query (tile, lane) with key t, 0 where the key lies after the query; inverse
  // and total: [n_head][n_tiles][8].
  void (*attention_forward)(double* out, double* exps, double* total, double* inverse,
                            const double* qkv, const AttentionShape& shape);
  // Overwrites dqkv. scratch: 4 padded(n) padded(n) doubles.
  void (*attention_backward)(double* dqkv, double* scratch, const double* dout, const double* exps,
                             const double* total, const double* inverse, const double* qkv,
                             const AttentionShape& shape);

  // -log(softmax(logits)[target]) for each position, and the gradients of its logits when the
  // loss's own is dloss. The target's is left out of dlogits (0 there) and stands in dtarget
  // [n_tiles][8].
  void (*cross_entropy)(double* losses, double* dlogits, double* dtarget, const double* logits,
                        const int* targets, std::size_t n, std::size_t vocab_size, double dloss);

  // Adam of microgpt.py; overwrites params, m and v.
  void (*adam)(double* params, double* m, double* v, const double* grads, std::size_t count,
               const AdamConstants& constants);

  // out[o] = sum over i of wt[i][o] * x[i]: one position. wt: (cols, padded(rows)).
  void (*matvec)(double* out, const double* x, const double* wt, std::size_t rows,
                 std::size_t cols);
};

// Those of an instruction set. Throws Error: see choose_isa.
const Kernels& kernels_for(Isa isa);

}  // namespace microgpt::exact
