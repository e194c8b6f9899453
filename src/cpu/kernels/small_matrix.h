// Products of matrices for a handful of rows, and what they need on the way back.
#pragma once

#include <cstddef>

#include "cpu/kernels/small_vector.h"

namespace microgpt::cpu::MICROGPT_ISA {

#if defined(MICROGPT_ISA_avx512)
inline constexpr int kTileRows = 8;  // with two registers of outputs: 16 sums, 2 weights of 32
inline constexpr int kBlockSums = 16;
#else
inline constexpr int kTileRows = 4;  // 8 sums, 2 weights of 16
inline constexpr int kBlockSums = 8;
#endif

// A row-major matrix, or a part of one.
struct Rows {
  float* data;
  std::ptrdiff_t stride;  // floats from a row to the next
  float* operator[](std::ptrdiff_t row) const { return data + row * stride; }
};

// out[r] = start[r] + sum over k of in[r][k] * w[k], for kR rows and kJ registers of outputs. All
// sums are held in registers while each weight is loaded once.
template <int kR, int kJ>
__attribute__((noinline)) void product_tile(Rows out, const Rows* start, Rows in, Rows w,
                                            int depth) {
  Float sum[kR][kJ];
  for (int r = 0; r < kR; ++r) {
    for (int j = 0; j < kJ; ++j) {
      sum[r][j] = start != nullptr ? load((*start)[r] + j * kLanes) : Float{};
    }
  }
  for (int k = 0; k < depth; ++k) {
    for (int r = 0; r < kR; ++r) {
      for (int j = 0; j < kJ; ++j) sum[r][j] += in[r][k] * load(w[k] + j * kLanes);
    }
  }
  for (int r = 0; r < kR; ++r) {
    for (int j = 0; j < kJ; ++j) store(out[r] + j * kLanes, sum[r][j]);
  }
}

template <int kJ>
MICROGPT_INLINE void product_rows(int rows, Rows out, const Rows* start, Rows in, Rows w,
                                  int depth) {
  using Tile = void (*)(Rows, const Rows*, Rows, Rows, int);
  static constexpr Tile kTiles[] = {
    product_tile<1, kJ>,
    product_tile<2, kJ>,
    product_tile<3, kJ>,
    product_tile<4, kJ>,
#if defined(MICROGPT_ISA_avx512)
    product_tile<5, kJ>,
    product_tile<6, kJ>,
    product_tile<7, kJ>,
    product_tile<8, kJ>
#endif
  };
  for (int done = 0; done < rows;) {
    const int left = rows - done;
    // The last two tiles share what is left, so that neither has too few sums to keep busy.
    const int take = left <= kTileRows ? left : left < 2 * kTileRows ? (left + 1) / 2 : kTileRows;
    Rows start_here{};
    if (start != nullptr) start_here = {(*start)[done], start->stride};
    kTiles[take - 1]({out[done], out.stride}, start != nullptr ? &start_here : nullptr,
                     {in[done], in.stride}, w, depth);
    done += take;
  }
}

// out = in w for `rows` rows: in (rows, depth), w (depth, outputs), out (rows, outputs),
// overwritten. With a start (rows, outputs): out = start + in w; start may be out.
MICROGPT_INLINE void product(int rows, int depth, int outputs, Rows out, Rows in, Rows w,
                             const Rows* start = nullptr) {
  int at = 0;
  const auto from = [&](Rows x) { return Rows{x.data + at, x.stride}; };
  for (; at + 2 * kLanes <= outputs; at += 2 * kLanes) {
    Rows start_here{};
    if (start != nullptr) start_here = from(*start);
    product_rows<2>(rows, from(out), start != nullptr ? &start_here : nullptr, in, from(w), depth);
  }
  if (at < outputs) {
    Rows start_here{};
    if (start != nullptr) start_here = from(*start);
    product_rows<1>(rows, from(out), start != nullptr ? &start_here : nullptr, in, from(w), depth);
  }
}

// The gradient of w in out = in w is dw[k] = sum over rows of in[r][k] * dout[r]. Computes it for
// kI inputs and kJ registers of outputs, and gives each register to sink.put(place of w, gradient).
template <int kI, int kJ, class Sink>
MICROGPT_INLINE void weight_gradient_block(int rows, Rows in, Rows dout, std::size_t place,
                                           std::size_t stride, const Sink& sink) {
  Float sum[kI][kJ] = {};
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < kI; ++i) {
      for (int j = 0; j < kJ; ++j) sum[i][j] += in[r][i] * load(dout[r] + j * kLanes);
    }
  }
  for (int i = 0; i < kI; ++i) {
    for (int j = 0; j < kJ; ++j) {
      sink.put(place + static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(j) * kLanes,
               sum[i][j]);
    }
  }
}

// The whole gradient of w (inputs, outputs), which stands at `place`. inputs: a multiple of 16.
template <class Sink>
__attribute__((noinline)) void weight_gradient(int rows, int inputs, int outputs, Rows in,
                                               Rows dout, std::size_t place, const Sink& sink) {
  const auto stride = static_cast<std::size_t>(outputs);
  for (int i = 0; i < inputs; i += kBlockSums) {
    for (int o = 0; o < outputs; o += kLanes) {
      weight_gradient_block<kBlockSums, 1>(
          rows, {in.data + i, in.stride}, {dout.data + o, dout.stride},
          place + static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(o), stride, sink);
    }
  }
}

// to (columns, rows) = from (rows, columns) transposed; both sizes are multiples of 16.
__attribute__((noinline)) inline void transpose(float* to, const float* from, int rows,
                                                int columns) {
  for (int r = 0; r < rows; r += kLanes) {
    for (int c = 0; c < columns; c += kLanes) {
      Float x[kLanes];
      for (int i = 0; i < kLanes; ++i) x[i] = load(from + (r + i) * columns + c);
      transpose_lanes(x);
      for (int i = 0; i < kLanes; ++i) store(to + (c + i) * rows + r, x[i]);
    }
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
