// The innermost loop of all products: a tile of c that stays in registers while the inner dimension
// goes by. Included by kernels only.
#pragma once

#include "cpu/kernels/simd.h"

namespace microgpt::cpu::MICROGPT_ISA {

// Registers: kTileRows * 2 sums, 2 of b, 1 of a. With 32 registers 12 * 2 sums leave each
// fused multiply-add 12 cycles to finish in while one row of b and 12 elements of a are loaded.
#if defined(MICROGPT_ISA_avx512) || defined(MICROGPT_ISA_neon)
inline constexpr std::size_t kTileRows = 12;
#else
inline constexpr std::size_t kTileRows = 6;
#endif
inline constexpr std::size_t kPanel = 2 * kLanes;  // columns of a tile

template <int kRows, int kVectors>
struct Tile {
  Float sum[kRows][kVectors];
};

// The product of a (kRows, K) and b (K, kVectors * kLanes). a: element (i, k) at a[i * row + k *
// col]. b: row k at b + k * ldb.
template <int kRows, int kVectors>
MICROGPT_INLINE Tile<kRows, kVectors> multiply(const float* a, std::size_t row, std::size_t col,
                                               const float* b, std::size_t ldb, std::size_t K) {
  Tile<kRows, kVectors> tile{};
  for (std::size_t k = 0; k < K; ++k) {
    Float bk[kVectors];
    for (int v = 0; v < kVectors; ++v) bk[v] = load(b + v * kLanes);
    for (int i = 0; i < kRows; ++i) {
      const Float aik = splat(a[static_cast<std::size_t>(i) * row]);
      for (int v = 0; v < kVectors; ++v) tile.sum[i][v] += aik * bk[v];
    }
    a += col;
    b += ldb;
  }
  return tile;
}

// Transposes kLanes rows of kLanes.
template <int... kLane>
struct LaneList {};
#if defined(MICROGPT_ISA_avx512)
using AllLanes = LaneList<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>;
#elif defined(MICROGPT_ISA_avx2)
using AllLanes = LaneList<0, 1, 2, 3, 4, 5, 6, 7>;
#else
using AllLanes = LaneList<0, 1, 2, 3>;
#endif

// Seen as a 2 by 2 matrix of blocks of kDistance lanes: its first or second row, transposed.
template <int kDistance, int... kLane>
MICROGPT_INLINE Float upper_blocks(Float a, Float b, LaneList<kLane...>) {
  return __builtin_shufflevector(
      a, b, ((kLane & kDistance) != 0 ? kLanes + kLane - kDistance : kLane)...);
}
template <int kDistance, int... kLane>
MICROGPT_INLINE Float lower_blocks(Float a, Float b, LaneList<kLane...>) {
  return __builtin_shufflevector(
      a, b, ((kLane & kDistance) != 0 ? kLanes + kLane : kLane + kDistance)...);
}

template <int kDistance>
MICROGPT_INLINE void transpose_blocks(Float (&x)[kLanes]) {
  for (int i = 0; i < kLanes; ++i) {
    if ((i & kDistance) != 0) continue;
    const Float upper = upper_blocks<kDistance>(x[i], x[i + kDistance], AllLanes{});
    x[i + kDistance] = lower_blocks<kDistance>(x[i], x[i + kDistance], AllLanes{});
    x[i] = upper;
  }
}

MICROGPT_INLINE void transpose(Float (&x)[kLanes]) {
  if constexpr (kLanes > 8) transpose_blocks<8>(x);
  if constexpr (kLanes > 4) transpose_blocks<4>(x);
  transpose_blocks<2>(x);
  transpose_blocks<1>(x);
}

// out (K, width) = b (K, n), with zeros in the columns from n on. b: row k at b + k * ldb.
inline void pack(float* out, std::size_t width, const float* b, std::size_t ldb, std::size_t K,
                 std::size_t n) {
  for (std::size_t k = 0; k < K; ++k, b += ldb, out += width) {
    std::size_t j = 0;
    for (; j + kLanes <= n; j += kLanes) store(out + j, load(b + j));
    if (j < n) {
      store(out + j, load_n(b + j, n - j));
      j += kLanes;
    }
    for (; j < width; j += kLanes) store(out + j, Float{});
  }
}

// The same of b transposed: column j at b + j * ldb.
inline void pack_transposed(float* out, std::size_t width, const float* b, std::size_t ldb,
                            std::size_t K, std::size_t n) {
  for (std::size_t j = 0; j < width; j += kLanes) {
    for (std::size_t k = 0; k < K; k += kLanes) {
      Float x[kLanes]{};
      for (std::size_t i = 0; i < kLanes && j + i < n; ++i) {
        const float* p = b + (j + i) * ldb + k;
        x[i] = k + kLanes <= K ? load(p) : load_n(p, K - k);
      }
      transpose(x);
      for (std::size_t i = 0; i < kLanes && k + i < K; ++i) store(out + (k + i) * width + j, x[i]);
    }
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
