// Attention of one layer over one sequence. The queries are the lanes; keys that lie after a query
// take part in its sums as zeros.
#include "exact/kernels/blocks.h"
#include "exact/kernels/math.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {
namespace {

MICROGPT_INLINE std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

// Feature f of position p in tiles of `features`.
MICROGPT_INLINE const double* element(const double* tiles, std::size_t features, std::size_t f,
                                      std::size_t p) {
  return tiles + ((p / kTile) * features + f) * kTile + p % kTile;
}

// Where query lane >= key t, in the tile that begins at position `first`.
MICROGPT_INLINE Mask8 sees(std::size_t first, std::size_t t) {
  double lane[8];
  for (std::size_t i = 0; i < 8; ++i) lane[i] = static_cast<double>(first + i);
  return load(lane) >= splat(static_cast<double>(t));
}

}  // namespace

void attention_forward(double* out, double* exps, double* total, double* inverse, const double* qkv,
                       const AttentionShape& shape) {
  const std::size_t C = shape.n_embd, D = C / shape.n_head, n = shape.n, n_tiles = tiles_of(n);
  const Double8 c = splat(shape.inverse_sqrt_head_dim);
  for (std::size_t h = 0; h < shape.n_head; ++h) {
    for (std::size_t tile = 0; tile < n_tiles; ++tile) {
      const double* q = qkv + (tile * 3 * C + h * D) * kTile;
      double* e = exps + (h * n_tiles + tile) * n * kTile;
      const std::size_t n_keys = smaller(n, (tile + 1) * kTile);
      Double8 largest = splat(-__builtin_inf());
      for (std::size_t t = 0; t < n_keys; ++t) {
        const double* k_t = element(qkv, 3 * C, C + h * D, t);
        Double8 dot = {};
        for (std::size_t j = 0; j < D; ++j) {
          dot = dot + load(q + j * kTile) * splat(k_t[j * kTile]);
        }
        const Double8 logit = dot * c;
        store(e + t * kTile, logit);
        largest = select(sees(tile * kTile, t), max(largest, logit), largest);
      }
      Double8 sum = {};
      for (std::size_t t = 0; t < n_keys; ++t) {
        const Mask8 seen = sees(tile * kTile, t);
        const Double8 shifted = select(seen, load(e + t * kTile) - largest, Double8{});
        const Double8 e_t = select(seen, exp(shifted), Double8{});
        store(e + t * kTile, e_t);
        sum = sum + e_t;
      }
      const Double8 inv = pow(sum, -1.0);
      store(total + (h * n_tiles + tile) * kTile, sum);
      store(inverse + (h * n_tiles + tile) * kTile, inv);
      in_blocks<kSums>(D, [&]<int kFeatures>(std::size_t j) {
        Double8 o[kFeatures] = {};
        for (std::size_t t = 0; t < n_keys; ++t) {
          const Double8 w = load(e + t * kTile) * inv;
          const double* v_t = element(qkv, 3 * C, 2 * C + h * D + j, t);
          for (int f = 0; f < kFeatures; ++f) o[f] = o[f] + w * splat(v_t[f * kTile]);
        }
        for (int f = 0; f < kFeatures; ++f) {
          store(out + (tile * C + h * D + j + f) * kTile, o[f]);
        }
      });
    }
  }
}

// Of one head and one query: out_j = sum of w_t v_t[j], w_t = e_t total ** -1, e_t = exp(s_t -
// max), s_t = (sum of q_j k_t[j]) c. Backwards, each sum from its last term on:
//
//   dw_t = sum over j of v_t[j] dout_j              dv_t[j] += w_t dout_j
//   de_t = total ** -1 dw_t + dtotal                dtotal = sum over t of -total ** -2 (e_t dw_t)
//   ds_t = (e_t de_t) c
//   dq_j = sum over t of k_t[j] ds_t                dk_t[j] += q_j ds_t
//
// dk and dv receive their terms from the last query to the first; there the lanes are keys, and w
// and ds are needed with keys in the lanes as well.
//
// In the walk of a sequence's first position the keys' and queries' rows interleave. There ds is
// exactly 0 (w is 1, and de_0 = dw_0 - dw_0), so that the order of its terms changes nothing.
void attention_backward(double* dqkv, double* scratch, const double* dout, const double* exps,
                        const double* total, const double* inverse, const double* qkv,
                        const AttentionShape& shape) {
  const std::size_t C = shape.n_embd, D = C / shape.n_head, n = shape.n, n_tiles = tiles_of(n);
  const std::size_t width = padded(n);
  const Double8 c = splat(shape.inverse_sqrt_head_dim);
  // By query in tiles of keys, and by query in rows of keys.
  double *w = scratch, *ds = w + width * width;
  double *w_rows = ds + width * width, *ds_rows = w_rows + width * width;
  for (std::size_t h = 0; h < shape.n_head; ++h) {
    const double* const head_exps = exps + h * n_tiles * n * kTile;
    for (std::size_t tile = 0; tile < n_tiles; ++tile) {
      const double* e = head_exps + tile * n * kTile;
      double *w_tile = w + tile * width * kTile, *ds_tile = ds + tile * width * kTile;
      const std::size_t n_keys = smaller(n, (tile + 1) * kTile);
      const Double8 inv = load(inverse + (h * n_tiles + tile) * kTile);
      const Double8 slope = splat(-1.0) * pow(load(total + (h * n_tiles + tile) * kTile), -2.0);
      Double8 dtotal = {};
      for (std::size_t t = n_keys; t-- > 0;) {
        const Double8 e_t = load(e + t * kTile);
        const double* v_t = element(qkv, 3 * C, 2 * C + h * D, t);
        Double8 dw = {};
        for (std::size_t j = D; j-- > 0;) {
          dw = dw + splat(v_t[j * kTile]) * load(dout + (tile * C + h * D + j) * kTile);
        }
        dtotal = dtotal + slope * (e_t * dw);
        store(ds_tile + t * kTile, inv * dw);
        store(w_tile + t * kTile, e_t * inv);
      }
      for (std::size_t t = 0; t < n_keys; ++t) {
        const Double8 de = load(ds_tile + t * kTile) + dtotal;
        store(ds_tile + t * kTile, (load(e + t * kTile) * de) * c);
      }
      for (std::size_t t = n_keys; t < width; ++t) {
        store(ds_tile + t * kTile, Double8{});
        store(w_tile + t * kTile, Double8{});
      }
      in_blocks<kSums>(D, [&]<int kFeatures>(std::size_t j) {
        Double8 dq[kFeatures] = {};
        for (std::size_t t = n_keys; t-- > 0;) {
          const Double8 ds_t = load(ds_tile + t * kTile);
          const double* k_t = element(qkv, 3 * C, C + h * D + j, t);
          for (int f = 0; f < kFeatures; ++f) dq[f] = dq[f] + splat(k_t[f * kTile]) * ds_t;
        }
        for (int f = 0; f < kFeatures; ++f) {
          store(dqkv + (tile * 3 * C + h * D + j + f) * kTile, dq[f]);
        }
      });
    }
    rows_from_tiles(w_rows, w, n_tiles, width);
    rows_from_tiles(ds_rows, ds, n_tiles, width);
    for (std::size_t tile = 0; tile < n_tiles; ++tile) {
      in_blocks<kSums / 2>(D, [&]<int kFeatures>(std::size_t j) {
        Double8 dk[kFeatures] = {}, dv[kFeatures] = {};
        for (std::size_t p = n; p-- > tile * kTile;) {
          const Double8 ds_p = load(ds_rows + p * width + tile * kTile);
          const Double8 w_p = load(w_rows + p * width + tile * kTile);
          const double* q_p = element(qkv, 3 * C, h * D + j, p);
          const double* dout_p = element(dout, C, h * D + j, p);
          for (int f = 0; f < kFeatures; ++f) {
            dk[f] = dk[f] + splat(q_p[f * kTile]) * ds_p;
            dv[f] = dv[f] + splat(dout_p[f * kTile]) * w_p;
          }
        }
        for (int f = 0; f < kFeatures; ++f) {
          double* const to = dqkv + (tile * 3 * C + C + h * D + j + f) * kTile;
          store(to, dk[f]);
          store(to + C * kTile, dv[f]);
        }
      });
    }
  }
}

}  // namespace microgpt::exact::MICROGPT_ISA
