// Matrix products. A lane is a position: it adds its products one by one, in Python's order.
#include "exact/kernels/blocks.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {
namespace {

template <int kRows>
void forward_rows(double* out, const double* x, const double* w, std::size_t n_tiles,
                  std::size_t rows, std::size_t cols) {
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    Double8 sum[kRows] = {};
    for (std::size_t i = 0; i < cols; ++i) {
      const Double8 x_i = load(x + (tile * cols + i) * kTile);
      for (int r = 0; r < kRows; ++r) sum[r] = sum[r] + x_i * splat(w[r * cols + i]);
    }
    for (int r = 0; r < kRows; ++r) store(out + (tile * rows + r) * kTile, sum[r]);
  }
}

template <int kCols, bool kAdd>
void backward_cols(double* dx, const double* dy, const double* w, const std::uint32_t* order,
                   std::size_t n_tiles, std::size_t rows, std::size_t cols) {
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    Double8 sum[kCols] = {};
    if constexpr (kAdd) {
      for (int c = 0; c < kCols; ++c) sum[c] = load(dx + (tile * cols + c) * kTile);
    }
    for (std::size_t k = 0; k < rows; ++k) {
      const std::size_t o = order[k];
      const Double8 dy_o = load(dy + (tile * rows + o) * kTile);
      for (int c = 0; c < kCols; ++c) sum[c] = sum[c] + dy_o * splat(w[o * cols + c]);
    }
    for (int c = 0; c < kCols; ++c) store(dx + (tile * cols + c) * kTile, sum[c]);
  }
}

template <bool kAdd>
void backward_input(double* dx, const double* dy, const double* w, const std::uint32_t* order,
                    std::size_t n_tiles, std::size_t rows, std::size_t cols) {
  in_blocks<kSums>(cols, [&]<int kCols>(std::size_t i) {
    backward_cols<kCols, kAdd>(dx + i * kTile, dy, w + i, order, n_tiles, rows, cols);
  });
}

// Here a lane is a column of the weights: kRows rows by kVectors vectors of eight. stride: of dw.
template <int kRows, int kVectors, bool kAdd>
void weight_block(double* dw, std::size_t stride, const double* dy, const double* x, std::size_t n,
                  std::size_t rows, std::size_t width) {
  Double8 sum[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = kAdd ? load(dw + r * stride + 8 * v) : Double8{};
    }
  }
  for (std::size_t p = n; p-- > 0;) {
    const double* const dy_p = dy + p / kTile * rows * kTile + p % kTile;
    const double* const x_p = x + p * width;
    for (int r = 0; r < kRows; ++r) {
      const Double8 dy_r = splat(dy_p[r * kTile]);
      for (int v = 0; v < kVectors; ++v) sum[r][v] = sum[r][v] + dy_r * load(x_p + 8 * v);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) store(dw + r * stride + 8 * v, sum[r][v]);
  }
}

// The last columns of a matrix, fewer than eight.
template <int kRows, bool kAdd>
void weight_edge(double* dw, std::size_t cols, const double* dy, const double* x, std::size_t n,
                 std::size_t rows, std::size_t width, std::size_t count) {
  double block[kRows * 8] = {};
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t i = 0; i < count; ++i) block[r * 8 + i] = dw[r * cols + i];
  }
  weight_block<kRows, 1, kAdd>(block, 8, dy, x, n, rows, width);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t i = 0; i < count; ++i) dw[r * cols + i] = block[r * 8 + i];
  }
}

template <bool kAdd>
void backward_weight(double* dw, const double* dy, const double* x, std::size_t n, std::size_t rows,
                     std::size_t cols) {
  const std::size_t width = padded(cols);
  in_blocks<kSums / 2>(rows, [&]<int kRows>(std::size_t o) {
    double* const dw_o = dw + o * cols;
    const double* const dy_o = dy + o * kTile;
    std::size_t i = 0;
    for (; i + 16 <= cols; i += 16) {
      weight_block<kRows, 2, kAdd>(dw_o + i, cols, dy_o, x + i, n, rows, width);
    }
    if (i + 8 <= cols) {
      weight_block<kRows, 1, kAdd>(dw_o + i, cols, dy_o, x + i, n, rows, width);
      i += 8;
    }
    if (i < cols) {
      weight_edge<kRows, kAdd>(dw_o + i, cols, dy_o, x + i, n, rows, width, cols - i);
    }
  });
}

}  // namespace

void linear_forward(double* out, const double* x, const double* w, std::size_t n_tiles,
                    std::size_t rows, std::size_t cols) {
  in_blocks<kSums>(rows, [&]<int kRows>(std::size_t o) {
    forward_rows<kRows>(out + o * kTile, x, w + o * cols, n_tiles, rows, cols);
  });
}

void linear_backward_input(double* dx, const double* dy, const double* w,
                           const std::uint32_t* order, std::size_t n_tiles, std::size_t rows,
                           std::size_t cols, bool add) {
  if (add) {
    backward_input<true>(dx, dy, w, order, n_tiles, rows, cols);
  } else {
    backward_input<false>(dx, dy, w, order, n_tiles, rows, cols);
  }
}

void linear_backward_weight(double* dw, const double* dy, const double* x, std::size_t n,
                            std::size_t rows, std::size_t cols, bool add) {
  if (add) {
    backward_weight<true>(dw, dy, x, n, rows, cols);
  } else {
    backward_weight<false>(dw, dy, x, n, rows, cols);
  }
}

void matvec(double* out, const double* x, const double* wt, std::size_t rows, std::size_t cols) {
  const std::size_t width = padded(rows);
  in_blocks<kSums / 2>(width / 8, [&]<int kVectors>(std::size_t v) {
    Double8 sum[kVectors] = {};
    for (std::size_t i = 0; i < cols; ++i) {
      const Double8 x_i = splat(x[i]);
      for (int k = 0; k < kVectors; ++k) {
        sum[k] = sum[k] + x_i * load(wt + i * width + (v + k) * 8);
      }
    }
    for (int k = 0; k < kVectors; ++k) store(out + (v + k) * 8, sum[k]);
  });
}

}  // namespace microgpt::exact::MICROGPT_ISA
