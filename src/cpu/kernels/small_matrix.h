// Products of matrices for a handful of rows, and what they need on the way back.
#pragma once

#include <cstddef>

#include "cpu/kernels/small.h"
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

// Weights (depth, outputs) lie in panels of kRegister outputs: all rows of the first panel, then
// all of the next. So a row's stride is known when compiling, and 16 inputs of a panel are
// contiguous.
MICROGPT_INLINE float* panel_at(float* w, int depth, int output) {
  return w + output / kRegister * depth * kRegister + output % kRegister;
}

// out[r] = start[r] + sum over k of in[r][k] * w[k], for kR rows and kJ registers of outputs. All
// sums are held in registers while each weight is loaded once. start: null for zeros.
template <int kR, int kJ>
__attribute__((noinline)) void product_tile(Rows out, Rows start, Rows in, const float* w,
                                            int depth) {
  const std::ptrdiff_t next = kLanes == kRegister ? depth * kRegister : kLanes;
  Float sum[kR][kJ] = {};
  const auto for_each = [](auto f) MICROGPT_INLINE_LAMBDA {
    unroll<kR * kJ>([&](auto i) MICROGPT_INLINE_LAMBDA { f(i.value / kJ, i.value % kJ); });
  };
  for (int k = 0; k < depth; ++k, w += kRegister) {
    for_each([&](int r, int j)
                 MICROGPT_INLINE_LAMBDA { sum[r][j] += in[r][k] * load(w + j * next); });
  }
  if (start.data != nullptr) {
    for_each([&](int r, int j)
                 MICROGPT_INLINE_LAMBDA { sum[r][j] += load(start[r] + j * kLanes); });
  }
  for_each([&](int r, int j) MICROGPT_INLINE_LAMBDA { store(out[r] + j * kLanes, sum[r][j]); });
}

template <int kJ>
MICROGPT_INLINE void product_rows(int rows, Rows out, Rows start, Rows in, const float* w,
                                  int depth) {
  using Tile = void (*)(Rows, Rows, Rows, const float*, int);
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
  while (rows > 0) {
    // The last two tiles share what is left, so that neither has too few sums to keep busy.
    const int take = rows <= kTileRows ? rows : rows < 2 * kTileRows ? (rows + 1) / 2 : kTileRows;
    kTiles[take - 1](out, start, in, w, depth);
    rows -= take;
    out.data = out[take];
    in.data = in[take];
    if (start.data != nullptr) start.data = start[take];
  }
}

// out = in w for `rows` rows: in (rows, depth), w (depth, outputs), out (rows, outputs),
// overwritten. With a start (rows, outputs): out = start + in w; start may be out.
MICROGPT_INLINE void product(int rows, int depth, int outputs, Rows out, Rows in, float* w,
                             Rows start = {nullptr, 0}) {
  for (int at = 0; at < outputs;) {
    const float* const panel = panel_at(w, depth, at);
    const Rows out_here{out.data + at, out.stride};
    const Rows start_here{start.data != nullptr ? start.data + at : nullptr, start.stride};
    if (at + 2 * kLanes <= outputs) {
      product_rows<2>(rows, out_here, start_here, in, panel, depth);
      at += 2 * kLanes;
    } else {
      product_rows<1>(rows, out_here, start_here, in, panel, depth);
      at += kLanes;
    }
  }
}

// Overwrites a 16 x 16 block of `to` with that of `from` transposed. A block's rows are contiguous.
MICROGPT_INLINE void transpose_block(float* to, const float* from) {
  for (int row = 0; row < kRegister; row += kLanes) {
    for (int column = 0; column < kRegister; column += kLanes) {
      Float x[kLanes];
      for (int l = 0; l < kLanes; ++l) x[l] = load(from + (row + l) * kRegister + column);
      transpose_lanes(x);
      for (int l = 0; l < kLanes; ++l) store(to + (column + l) * kRegister + row, x[l]);
    }
  }
}

// Where the block of inputs from `input` on and outputs from `output` on, both multiples of 16,
// begins in a matrix (inputs, outputs).
MICROGPT_INLINE std::size_t block_place(int inputs, int input, int output) {
  return static_cast<std::size_t>((output / kRegister * inputs + input) * kRegister);
}

// Overwrites to (outputs, inputs) with from (inputs, outputs); both sizes are multiples of 16.
MICROGPT_INLINE void transpose(float* to, const float* from, int inputs, int outputs) {
  for (int o = 0; o < outputs; o += kRegister) {
    for (int i = 0; i < inputs; i += kRegister) {
      transpose_block(to + block_place(outputs, o, i), from + block_place(inputs, i, o));
    }
  }
}

// The gradient of w in out = in w is dw[k] = sum over rows of in[r][k] * dout[r]. Computes it for
// kBlockSums inputs and a register of outputs, and gives each register to sink.put(place in w,
// gradient).
template <class Sink>
MICROGPT_INLINE void weight_gradient_part(int rows, Rows in, Rows dout, std::size_t place,
                                          const Sink& sink) {
  Float sum[kBlockSums] = {};
  for (int r = 0; r < rows; ++r) {
    const Float d = load(dout[r]);
    unroll<kBlockSums>([&](auto i) MICROGPT_INLINE_LAMBDA { sum[i.value] += in[r][i.value] * d; });
  }
  unroll<kBlockSums>(
      [&](auto i) MICROGPT_INLINE_LAMBDA { sink.put(place + i.value * kRegister, sum[i.value]); });
}

// The whole gradient of w (inputs, outputs), which stands at `place`; both sizes are multiples of
// 16.
template <class Sink>
__attribute__((noinline)) void weight_gradient(int rows, int inputs, int outputs, Rows in,
                                               Rows dout, std::size_t place, Sink sink) {
  for (int o = 0; o < outputs; o += kRegister) {
    for (int i = 0; i < inputs; i += kRegister) {
      const std::size_t block = place + block_place(inputs, i, o);
      for (int column = 0; column < kRegister; column += kLanes) {
        for (int row = 0; row < kRegister; row += kBlockSums) {
          weight_gradient_part(rows, {in.data + i + row, in.stride},
                               {dout.data + o + column, dout.stride},
                               block + static_cast<std::size_t>(row * kRegister + column), sink);
        }
      }
    }
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
