#include "cpu/kernels.h"
#include "cpu/kernels/operations.h"
#include "cpu/kernels/tile.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

// One panel of columns of a product over part of its depth.
struct Panel {
  const float* a;  // element (i, k) at a[i * row + k * col]
  std::size_t row, col;
  const float* b;  // row k at b + k * ldb
  std::size_t ldb;
  std::size_t K;
  float* c;
  std::size_t ldc, n;  // columns of c
  const float* add;
  Epilogue epilogue;
  const float* activated;
};

template <Epilogue kEpilogue>
MICROGPT_INLINE Float finish(Float sum, Float activated) {
  const Float zero{};
  if constexpr (kEpilogue == Epilogue::kRelu) {
    return max(sum, zero);
  } else if constexpr (kEpilogue == Epilogue::kReluSquared) {
    return max(sum, zero) * max(sum, zero);
  } else if constexpr (kEpilogue == Epilogue::kReluBackward) {
    return activated > zero ? sum : zero;
  } else if constexpr (kEpilogue == Epilogue::kReluSquaredBackward) {
    return sum * 2.0f * sqrt(activated);  // d(r^2)/dr = 2 r
  } else {
    return sum;
  }
}

// offset: of the tile's first element in c.
template <Epilogue kEpilogue, int kRows, int kVectors>
MICROGPT_INLINE void store_tile(const Panel& p, std::size_t offset,
                                const Tile<kRows, kVectors>& tile) {
  constexpr bool kBackward =
      kEpilogue == Epilogue::kReluBackward || kEpilogue == Epilogue::kReluSquaredBackward;
  for (int i = 0; i < kRows; ++i, offset += p.ldc) {
    for (int v = 0; v < kVectors; ++v) {
      const std::size_t j = static_cast<std::size_t>(v * kLanes), left = p.n - j, at = offset + j;
      Float x = tile.sum[i][v];
      if (left >= kLanes) {
        if (p.add != nullptr) x += load(p.add + at);
        store(p.c + at, finish<kEpilogue>(x, kBackward ? load(p.activated + at) : Float{}));
      } else {
        if (p.add != nullptr) x += load_n(p.add + at, left);
        store_n(p.c + at,
                finish<kEpilogue>(x, kBackward ? load_n(p.activated + at, left) : Float{}), left);
      }
    }
  }
}

template <int kRows, int kVectors>
void tile(const Panel& p, std::size_t i) {
  const auto sums = multiply<kRows, kVectors>(p.a + i * p.row, p.row, p.col, p.b, p.ldb, p.K);
  switch (p.epilogue) {
    case Epilogue::kNone:
      return store_tile<Epilogue::kNone>(p, i * p.ldc, sums);
    case Epilogue::kRelu:
      return store_tile<Epilogue::kRelu>(p, i * p.ldc, sums);
    case Epilogue::kReluSquared:
      return store_tile<Epilogue::kReluSquared>(p, i * p.ldc, sums);
    case Epilogue::kReluBackward:
      return store_tile<Epilogue::kReluBackward>(p, i * p.ldc, sums);
    case Epilogue::kReluSquaredBackward:
      return store_tile<Epilogue::kReluSquaredBackward>(p, i * p.ldc, sums);
  }
}

// The last rows, fewer than kTileRows: halves, so that few sizes of tiles are compiled.
template <int kVectors>
void ragged_rows(const Panel& p, std::size_t i, std::size_t rows) {
  if (kTileRows > 8 && rows >= 8) tile<8, kVectors>(p, i), i += 8, rows -= 8;
  if (rows >= 4) tile<4, kVectors>(p, i), i += 4, rows -= 4;
  if (rows >= 2) tile<2, kVectors>(p, i), i += 2, rows -= 2;
  if (rows >= 1) tile<1, kVectors>(p, i);
}

template <int kVectors>
void panel(const Panel& p, std::size_t M) {
  std::size_t i = 0;
  for (; i + kTileRows <= M; i += kTileRows) tile<kTileRows, kVectors>(p, i);
  ragged_rows<kVectors>(p, i, M - i);
}

}  // namespace

// b is packed a panel at a time, kMatmulDepth rows of kPanel columns: 32 KB at most, which stays in
// the L1 cache while all rows of a go by. Where few rows go by, packing costs more than it saves.
void matmul(const Matmul& m, float* scratch) {
  constexpr std::size_t kFewRows = 2 * kTileRows;
  for (std::size_t k = 0; k < m.K || k == 0; k += kMatmulDepth) {
    const std::size_t K = m.K - k < kMatmulDepth ? m.K - k : kMatmulDepth;
    const bool last = k + K == m.K;
    for (std::size_t j = 0; j < m.N; j += kPanel) {
      const std::size_t n = m.N - j < kPanel ? m.N - j : kPanel;
      const std::size_t width = n > kLanes ? kPanel : kLanes;
      const float* b = m.b.data + k * m.b.row + j * m.b.col;
      std::size_t ldb = m.b.row;
      if (m.b.col != 1) {
        pack_transposed(scratch, width, b, m.b.col, K, n);
        b = scratch, ldb = width;
      } else if (m.M > kFewRows || n % kLanes != 0) {
        pack(scratch, width, b, m.b.row, K, n);
        b = scratch, ldb = width;
      }
      const Panel p{.a = m.a.data + k * m.a.col,
                    .row = m.a.row,
                    .col = m.a.col,
                    .b = b,
                    .ldb = ldb,
                    .K = K,
                    .c = m.c + j,
                    .ldc = m.ldc,
                    .n = n,
                    .add = k > 0              ? m.c + j
                           : m.add == nullptr ? nullptr
                                              : m.add + j,
                    .epilogue = last ? m.epilogue : Epilogue::kNone,
                    .activated = m.activated == nullptr ? nullptr : m.activated + j};
      if (width == kPanel) {
        panel<2>(p, m.M);
      } else {
        panel<1>(p, m.M);
      }
    }
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
