// The operations that the engine is made of, in float32. Each is compiled for several instruction
// sets (kernels/*.cpp); an engine picks one table of them when it is made.
//
// Matrices are stored row by row. Sizes: M rows of tokens, C channels, V vocabulary. None of these
// allocates or throws.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/isa.h"

namespace microgpt::cpu {

// A matrix to read: element (i, j) is data[i * row + j * col]. One of the strides is 1.
struct Matrix {
  const float* data = nullptr;
  std::size_t row = 0;
  std::size_t col = 1;
};

inline Matrix row_major(const float* data, std::size_t cols) { return {data, cols, 1}; }
inline Matrix transposed(const float* data, std::size_t cols) { return {data, 1, cols}; }

// What becomes of a sum before it is stored. The last two multiply it with the derivative of the
// activation whose result is at hand.
enum class Epilogue { kNone, kRelu, kReluSquared, kReluBackward, kReluSquaredBackward };

// c (M, N) = a (M, K) b (K, N) + add. c, add and activated share the stride ldc.
struct Matmul {
  std::size_t M = 0, N = 0, K = 0;
  Matrix a, b;
  float* c = nullptr;
  std::size_t ldc = 0;
  const float* add = nullptr;  // nothing if null; may be c
  Epilogue epilogue = Epilogue::kNone;
  const float* activated = nullptr;  // for the backward epilogues
};

// Blocks of a product that are cut at multiples of these leave no ragged tiles inside.
inline constexpr std::size_t kRowTile = 12;
inline constexpr std::size_t kColTile = 32;

inline constexpr std::size_t kMatmulDepth = 256;  // of b is packed at a time
inline constexpr std::size_t kMatmulScratch = kMatmulDepth * kColTile;

// What turns the scores s of a query into weights, exp((s - max) / sqrt(head_dim)) * inverse_sum.
struct Softmax {
  float max, inverse_sum;
};

// Floats that attention reads behind the last row of a matrix, and that do not matter.
inline constexpr std::size_t kSlack = kColTile;

// One head of a sequence: T queries at positions past .. past + T - 1, each over the keys and
// values from position 0 up to its own. All matrices have head_dim columns; ld* are their rows'
// strides. q, k, v and the gradient of out have kSlack floats behind them.
struct Attention {
  std::size_t T = 0, past = 0, head_dim = 0;
  const float *q = nullptr, *k = nullptr, *v = nullptr;
  std::size_t ldq = 0, ldk = 0, ldv = 0;
  float* out = nullptr;
  std::size_t ldout = 0;
  Softmax* softmax = nullptr;  // (T), for the backward pass; may be null
};

// Keys with positions as columns, kColTile of them a panel: k[t][d] is at key_index(t, d,
// head_dim). That is how a cache holds them, so that one query reads them in order.
[[gnu::always_inline]] constexpr std::size_t key_index(std::size_t t, std::size_t d,
                                                       std::size_t head_dim) {
  return (t / kColTile * head_dim + d) * kColTile + t % kColTile;
}

// (These two are always inlined, because kernels call them: see cmake/kernels.cmake.)
[[gnu::always_inline]] constexpr std::size_t round_up(std::size_t n, std::size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Queries whose attention weights are held at a time in the backward pass.
inline constexpr std::size_t kQueryBlock = 4 * kRowTile;

// Floats of scratch for T queries and keys of one head.
constexpr std::size_t attention_scratch(std::size_t T, std::size_t head_dim) {
  return 2 * round_up(T, kColTile) * head_dim + 2 * kQueryBlock * (round_up(T, kColTile) + 16);
}

// Adam's constants for one step: m and v are multiplied with their bias corrections.
struct AdamConstants {
  float beta1, one_minus_beta1, beta2, one_minus_beta2;
  float m_correction, v_correction;
  float learning_rate, eps;
};

struct Kernels {
  // scratch: kMatmulScratch floats. Every element is summed in the same order, whatever block of a
  // product is computed.
  void (*matmul)(const Matmul& m, float* scratch);

  // matmul where M is 1 and b is transposed: the rows of b are read once, in order. No backward
  // epilogues.
  void (*matvec)(const Matmul& m);

  // x (M, C) = wte[tokens] + wpe[positions].
  void (*embed)(float* x, const float* wte, const float* wpe, const int* tokens,
                const int* positions, std::size_t M, std::size_t C);

  // Adds rows of dx (M, C) to the rows of dw that `rows` names, in columns [begin, end).
  void (*embed_backward)(float* dw, const float* dx, const int* rows, std::size_t M, std::size_t C,
                         std::size_t begin, std::size_t end);

  // y (M, C) = x * scale, scale (M) = 1 / sqrt(mean(x^2) + 1e-5) of each row.
  void (*rmsnorm)(float* y, float* scale, const float* x, std::size_t M, std::size_t C);

  // Adds to dx (M, C). y, scale: the results of rmsnorm.
  void (*rmsnorm_backward)(float* dx, const float* dy, const float* y, const float* scale,
                           std::size_t M, std::size_t C);

  // a.out = softmax(q k^T / sqrt(head_dim)) v; a.past is 0. scratch: attention_scratch floats.
  void (*attention)(const Attention& a, float* scratch);

  // The same with a.k in panels (key_index); a.ldk is not used. scratch: for past + T.
  void (*attention_cached)(const Attention& a, float* scratch);

  // Overwrites dq, dk, dv, all with the stride ld. a: as attention left it. dout: stride a.ldout.
  void (*attention_backward)(const Attention& a, const float* dout, float* dq, float* dk, float* dv,
                             std::size_t ld, float* scratch);

  // losses (M) = -log(softmax(logits)[target]); overwrites logits (M, V) with the gradient of
  // weight * losses.
  void (*cross_entropy)(float* losses, float* logits, const int* targets, float weight,
                        std::size_t M, std::size_t V);

  // n parameters. Both leave grads zero.
  void (*adam)(float* params, float* m, float* v, float* grads, const AdamConstants& constants,
               std::size_t n);
  void (*sgd)(float* params, float* grads, float learning_rate, std::size_t n);
};

// Those of an instruction set that this build has.
const Kernels& kernels_for(Isa isa);

}  // namespace microgpt::cpu
