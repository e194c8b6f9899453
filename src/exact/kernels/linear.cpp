// Matrix products. A lane is a position: it adds its products one by one, in Python's order.
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {
namespace {

// Sums that are held in registers at once.
constexpr int kSums = kLanes == 8 ? 8 : kLanes == 4 ? 4 : 2;

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

template <int kCols>
void backward_cols(double* dx, const double* dy, const double* w, const std::uint32_t* order,
                   std::size_t n_tiles, std::size_t rows, std::size_t cols) {
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    Double8 sum[kCols] = {};
    for (std::size_t k = 0; k < rows; ++k) {
      const std::size_t o = order[k];
      const Double8 dy_o = load(dy + (tile * rows + o) * kTile);
      for (int c = 0; c < kCols; ++c) sum[c] = sum[c] + dy_o * splat(w[o * cols + c]);
    }
    for (int c = 0; c < kCols; ++c) store(dx + (tile * cols + c) * kTile, sum[c]);
  }
}

// Calls f with a constant N = kMax as often as it fits into n, then with the rest.
template <int kMax, class F>
MICROGPT_INLINE void in_blocks(std::size_t n, F f) {
  std::size_t i = 0;
  for (; i + kMax <= n; i += kMax) f.template operator()<kMax>(i);
  switch (n - i) {
    case 1:
      return f.template operator()<1>(i);
    case 2:
      if constexpr (kMax > 2) return f.template operator()<2>(i);
      break;
    case 3:
      if constexpr (kMax > 3) return f.template operator()<3>(i);
      break;
    case 4:
      if constexpr (kMax > 4) return f.template operator()<4>(i);
      break;
    case 5:
      if constexpr (kMax > 5) return f.template operator()<5>(i);
      break;
    case 6:
      if constexpr (kMax > 6) return f.template operator()<6>(i);
      break;
    case 7:
      if constexpr (kMax > 7) return f.template operator()<7>(i);
      break;
  }
}

// Here a lane is a column of the weights: kRows rows by kVectors vectors of eight.
template <int kRows, int kVectors>
void weight_block(double* dw, const double* dy, const double* x, std::size_t n, std::size_t rows,
                  std::size_t cols, std::size_t count, bool add) {
  Double8 sum[kRows][kVectors] = {};
  const std::size_t width = padded(cols), last = count - 8 * (kVectors - 1);
  if (add) {
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sum[r][v] = load_first(dw + r * cols + 8 * v, v + 1 < kVectors ? 8 : last);
      }
    }
  }
  for (std::size_t p = n; p-- > 0;) {
    Double8 x_p[kVectors];
    for (int v = 0; v < kVectors; ++v) x_p[v] = load(x + p * width + 8 * v);
    const double* dy_p = dy + (p / kTile) * rows * kTile + p % kTile;
    for (int r = 0; r < kRows; ++r) {
      const Double8 dy_r = splat(dy_p[r * kTile]);
      for (int v = 0; v < kVectors; ++v) sum[r][v] = sum[r][v] + dy_r * x_p[v];
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      double* out = dw + r * cols + 8 * v;
      if (v + 1 < kVectors || last == 8) {
        store(out, sum[r][v]);
      } else {
        store_first(out, sum[r][v], last);
      }
    }
  }
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
                           std::size_t cols) {
  in_blocks<kSums>(cols, [&]<int kCols>(std::size_t i) {
    backward_cols<kCols>(dx + i * kTile, dy, w + i, order, n_tiles, rows, cols);
  });
}

void linear_backward_weight(double* dw, const double* dy, const double* x, std::size_t n,
                            std::size_t rows, std::size_t cols, bool add) {
  in_blocks<kSums / 2>(rows, [&]<int kRows>(std::size_t o) {
    std::size_t i = 0;
    for (; i + 8 < cols; i += 16) {
      weight_block<kRows, 2>(dw + o * cols + i, dy + o * kTile, x + i, n, rows, cols,
                             cols - i < 16 ? cols - i : 16, add);
    }
    if (i < cols) {
      weight_block<kRows, 1>(dw + o * cols + i, dy + o * kTile, x + i, n, rows, cols, cols - i,
                             add);
    }
  });
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
