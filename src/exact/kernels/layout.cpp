// Rows to tiles and back, by transposing eight by eight.
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {
namespace {

using Part = Double;

#if defined(MICROGPT_ISA_avx512)
#define MICROGPT_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

// Swaps, in three rounds, the off-diagonal blocks of size 1, 2 and 4.
MICROGPT_INLINE void transpose(Part (&x)[8]) {
  Part y[8], z[8];
  for (int i = 0; i < 8; i += 2) {
    y[i] = MICROGPT_SHUFFLE(x[i], x[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    y[i + 1] = MICROGPT_SHUFFLE(x[i], x[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = i; j < i + 2; ++j) {
      z[j] = MICROGPT_SHUFFLE(y[j], y[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      z[j + 2] = MICROGPT_SHUFFLE(y[j], y[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int j = 0; j < 4; ++j) {
    x[j] = MICROGPT_SHUFFLE(z[j], z[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    x[j + 4] = MICROGPT_SHUFFLE(z[j], z[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// to[c][r] = from[r][c]
MICROGPT_INLINE void transpose_block(double* to, std::size_t to_stride, const double* from,
                                     std::size_t from_stride) {
  Part x[8];
  for (std::size_t r = 0; r < 8; ++r) std::memcpy(&x[r], from + r * from_stride, sizeof x[r]);
  transpose(x);
  for (std::size_t c = 0; c < 8; ++c) std::memcpy(to + c * to_stride, &x[c], sizeof x[c]);
}

#else

MICROGPT_INLINE void transpose_block(double* to, std::size_t to_stride, const double* from,
                                     std::size_t from_stride) {
  for (std::size_t c = 0; c < 8; ++c) {
    for (std::size_t r = 0; r < 8; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}

#endif

}  // namespace

void tiles_from_rows(double* tiles, const double* rows, std::size_t n_tiles, std::size_t features) {
  const std::size_t width = padded(features);
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    for (std::size_t f = 0; f < features; f += 8) {
      const double* const from = rows + tile * kTile * width + f;
      double* const to = tiles + (tile * features + f) * kTile;
      if (f + 8 <= features) {
        transpose_block(to, kTile, from, width);
      } else {
        double block[8 * kTile];
        transpose_block(block, kTile, from, width);
        std::memcpy(to, block, (features - f) * kTile * sizeof(double));
      }
    }
  }
}

void rows_from_tiles(double* rows, const double* tiles, std::size_t n_tiles, std::size_t features) {
  const std::size_t width = padded(features);
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    for (std::size_t f = 0; f < features; f += 8) {
      const double* const from = tiles + (tile * features + f) * kTile;
      double* const to = rows + tile * kTile * width + f;
      if (f + 8 <= features) {
        transpose_block(to, width, from, kTile);
      } else {
        double block[8 * kTile] = {};
        std::memcpy(block, from, (features - f) * kTile * sizeof(double));
        transpose_block(to, width, block, kTile);
      }
    }
  }
}

}  // namespace microgpt::exact::MICROGPT_ISA
