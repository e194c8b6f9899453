// Attention of one head, forward and backward.
//
//   s_ij = scale * q_i k_j,  p_ij = softmax over j <= i,  out_i = sum_j p_ij v_j
//
// Queries go in groups of kTileRows. A group needs the keys up to that of its last query; what lies
// behind a query's own position within that is computed and set to zero.
#include "cpu/kernels/operations.h"
#include "cpu/kernels/tile.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

float scale_of(std::size_t head_dim) {
  return 1.0f / __builtin_sqrtf(static_cast<float>(head_dim));
}

// Which lanes of a vector that begins at column j stand before column `end`.
MICROGPT_INLINE Int lanes_before(std::size_t j, std::size_t end) {
  Int lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = i;
  return lane < static_cast<std::int32_t>(static_cast<std::ptrdiff_t>(end) -
                                          static_cast<std::ptrdiff_t>(j));
}

// c (n) = x, or c += x. What stands behind may belong to another thread.
template <bool kAdd, int kVectors>
MICROGPT_INLINE void store_row(float* c, const Float (&x)[kVectors], std::size_t n) {
  for (int v = 0; v < kVectors; ++v) {
    const std::size_t j = static_cast<std::size_t>(v * kLanes), left = n - j;
    if (left >= kLanes) {
      store(c + j, kAdd ? load(c + j) + x[v] : x[v]);
    } else {
      store_n(c + j, kAdd ? load_n(c + j, left) + x[v] : x[v], left);
    }
  }
}

// c (kRows, n) = a b, or c += a b, for n columns of b, kPanel at a time.
template <int kRows, bool kAdd>
void product(float* c, std::size_t ldc, const float* a, std::size_t row, std::size_t col,
             const float* b, std::size_t ldb, std::size_t K, std::size_t n) {
  const auto columns = [&]<int kVectors>(std::size_t j) {
    const auto tile = multiply<kRows, kVectors>(a, row, col, b + j, ldb, K);
    for (std::size_t i = 0; i < kRows; ++i) {
      store_row<kAdd>(c + i * ldc + j, tile.sum[i], n - j);
    }
  };
  std::size_t j = 0;
  for (; j + kLanes < n; j += kPanel) columns.template operator()<2>(j);
  if (j < n) columns.template operator()<1>(j);
}

// c (kRows, keys) = a (kRows, head_dim) times panels of keys; whole panels of c are written.
template <int kRows>
void scores(float* c, std::size_t ldc, const float* a, std::size_t lda, const float* panels,
            std::size_t head_dim, std::size_t keys) {
  for (std::size_t j = 0; j < keys; j += kPanel) {
    const float* b = panels + key_index(j, 0, head_dim);
    const auto tile = multiply<kRows, 2>(a, lda, 1, b, kColTile, head_dim);
    for (std::size_t i = 0; i < kRows; ++i) {
      store_row<false>(c + i * ldc + j, tile.sum[i], kPanel);
    }
  }
}

// Calls f<rows>(i) for rows [begin, end) in groups of kTileRows, and of 8, 4, 2 and 1 at the end.
template <class F>
MICROGPT_INLINE void for_groups(std::size_t begin, std::size_t end, const F& f) {
  std::size_t i = begin;
  for (; i + kTileRows <= end; i += kTileRows) f.template operator()<int{kTileRows}>(i);
  if (kTileRows > 8 && i + 8 <= end) f.template operator()<8>(i), i += 8;
  if (i + 4 <= end) f.template operator()<4>(i), i += 4;
  if (i + 2 <= end) f.template operator()<2>(i), i += 2;
  if (i < end) f.template operator()<1>(i);
}

void pack_keys(float* panels, const float* k, std::size_t ldk, std::size_t T,
               std::size_t head_dim) {
  for (std::size_t j = 0; j < T; j += kColTile) {
    const std::size_t n = T - j < kColTile ? T - j : kColTile;
    pack_transposed(panels + key_index(j, 0, head_dim), kColTile, k + j * ldk, ldk, head_dim, n);
  }
}

// exp(scale * (s - max)) of scores from column j on, and zero from column `keys` on. Not
// scale * s - scale * max: that is no longer exactly 0 at the largest score once it is contracted.
MICROGPT_INLINE Float exponentials(const float* s, const Softmax& softmax, float scale,
                                   std::size_t j, std::size_t keys) {
  const Float p = exp((load(s + j) - softmax.max) * scale);
  return j + kLanes > keys ? (lanes_before(j, keys) ? p : Float{}) : p;
}

// Overwrites the scores of a query with the exponentials for its own `keys` and zeros up to `end`,
// rounded up to whole vectors.
MICROGPT_INLINE Softmax softmax(float* s, float scale, std::size_t keys, std::size_t end) {
  Float most = splat(-__builtin_inff());
  std::size_t j = 0;
  for (; j + kLanes <= keys; j += kLanes) most = max(most, load(s + j));
  if (j < keys) most = max(most, lanes_before(j, keys) ? load(s + j) : most);
  Softmax result{.max = max_lanes(most), .inverse_sum = 0.0f};
  Float sum{};
  for (j = 0; j < end; j += kLanes) {
    const Float p = exponentials(s, result, scale, j, keys);
    store(s + j, p);
    sum += p;
  }
  result.inverse_sum = 1.0f / sum_lanes(sum);
  return result;
}

// p: scratch, kTileRows rows of all keys.
void attend(const Attention& a, const float* panels, float* p) {
  const std::size_t ldp = round_up(a.past + a.T, kColTile);
  const float scale = scale_of(a.head_dim);
  for_groups(0, a.T, [&]<int kRows>(std::size_t i) {
    const std::size_t end = a.past + i + kRows;
    scores<kRows>(p, ldp, a.q + i * a.ldq, a.ldq, panels, a.head_dim, end);
    Softmax softmaxes[kRows];
    for (std::size_t r = 0; r < kRows; ++r) {
      softmaxes[r] = softmax(p + r * ldp, scale, a.past + i + r + 1, end);
    }
    product<kRows, false>(a.out + i * a.ldout, a.ldout, p, ldp, 1, a.v, a.ldv, end, a.head_dim);
    for (std::size_t r = 0; r < kRows; ++r) {
      float* out = a.out + (i + r) * a.ldout;
      for (std::size_t d = 0; d < a.head_dim; ++d) out[d] *= softmaxes[r].inverse_sum;
      if (a.softmax != nullptr) a.softmax[i + r] = softmaxes[r];
    }
  });
}

// Overwrites scores s with p, and dp with the gradient of the scores before they were scaled,
//   ds_ij = scale * p_ij (dp_ij - mean_i),  mean_i = sum_j p_ij dp_ij.
MICROGPT_INLINE void softmax_backward(float* s, float* dp, const Softmax& softmax, float scale,
                                      std::size_t keys, std::size_t end) {
  Float sum{};
  for (std::size_t j = 0; j < end; j += kLanes) {
    const Float p = exponentials(s, softmax, scale, j, keys) * softmax.inverse_sum;
    store(s + j, p);
    sum += p * load(dp + j);
  }
  const float mean = sum_lanes(sum);
  for (std::size_t j = 0; j < end; j += kLanes) {
    store(dp + j, load(s + j) * (load(dp + j) - mean) * scale);
  }
}

void zero(float* x, std::size_t ld, std::size_t rows, std::size_t cols) {
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) x[i * ld + j] = 0.0f;
  }
}

}  // namespace

void attention(const Attention& a, float* scratch) {
  pack_keys(scratch, a.k, a.ldk, a.T, a.head_dim);
  attend(a, scratch, scratch + round_up(a.T, kColTile) * a.head_dim);
}

void attention_cached(const Attention& a, float* scratch) { attend(a, a.k, scratch); }

// The weights are computed again, kQueryBlock queries at a time, rather than kept from the forward
// pass: T^2 floats for each head and layer would cost more time to write and read.
void attention_backward(const Attention& a, const float* dout, float* dq, float* dk, float* dv,
                        std::size_t ld, float* scratch) {
  const std::size_t T = a.T, D = a.head_dim, Tp = round_up(T, kColTile);
  const std::size_t ldp = Tp + 16;  // rows that begin in different sets of the cache
  const float scale = scale_of(D);
  float* keys = scratch;
  float* values = keys + Tp * D;
  float* p = values + Tp * D;
  float* ds = p + kQueryBlock * ldp;
  pack_keys(keys, a.k, a.ldk, T, D);
  pack_keys(values, a.v, a.ldv, T, D);
  zero(dk, ld, T, D);
  zero(dv, ld, T, D);
  for (std::size_t begin = 0; begin < T; begin += kQueryBlock) {
    const std::size_t block_end = T - begin < kQueryBlock ? T : begin + kQueryBlock;
    for_groups(begin, block_end, [&]<int kRows>(std::size_t i) {
      const std::size_t end = i + kRows;
      float *pi = p + (i - begin) * ldp, *dsi = ds + (i - begin) * ldp;
      scores<kRows>(pi, ldp, a.q + i * a.ldq, a.ldq, keys, D, end);
      scores<kRows>(dsi, ldp, dout + i * a.ldout, a.ldout, values, D, end);
      for (std::size_t r = 0; r < kRows; ++r) {
        softmax_backward(pi + r * ldp, dsi + r * ldp, a.softmax[i + r], scale, i + r + 1, end);
      }
      product<kRows, false>(dq + i * ld, ld, dsi, ldp, 1, a.k, a.ldk, end, D);
    });
    // A group of keys is seen by the queries from its first key's position on; what p and ds hold
    // for an earlier query of the block in these columns is not meant.
    for_groups(0, block_end, [&]<int kRows>(std::size_t j) {
      const std::size_t i = j > begin ? j : begin, K = block_end - i;
      const float *pj = p + (i - begin) * ldp + j, *dsj = ds + (i - begin) * ldp + j;
      product<kRows, true>(dv + j * ld, ld, pj, 1, ldp, dout + i * a.ldout, a.ldout, K, D);
      product<kRows, true>(dk + j * ld, ld, dsj, 1, ldp, a.q + i * a.ldq, a.ldq, K, D);
    });
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
