// Attention of a short document, with lanes over heads and their dims.
//
// For head h and positions t >= s, with q, k, v the rows of that head's dims:
//   score[t][s] = scale * sum_j q[t][j] k[s][j]     scale = 1 / sqrt(head_dim)
//   p[t][.]     = softmax(score[t][0 .. t])
//   out[t]      = sum_s p[t][s] v[s]
//
// A register of rows holds several heads, or a part of one. Weights p are held for a group of
// kGroup positions s at a time: lane s % kGroup of a head's lanes. sums_of brings scores there.
#pragma once

#include "cpu/kernels/small_matrix.h"

namespace microgpt::cpu::MICROGPT_ISA {

template <int C, int D>
struct Heads {
  static constexpr int kGroup = D < kLanes ? D : kLanes;  // positions that fit a head's lanes
  static constexpr int kParts = D / kGroup;               // registers of one head
  static constexpr int kSets = C / kLanes / kParts;       // registers of weights of one group
  static constexpr int kVectors = C / kLanes;             // registers of a row

  static constexpr int groups(int positions) { return (positions + kGroup - 1) / kGroup; }

  // In lane s of each head: sum over j of x[j] * row s [j].
  static MICROGPT_INLINE void dots(Float* out, const Float* x, Rows rows) {
    for (int set = 0; set < kSets; ++set) {
      Float products[kGroup];
      for (int s = 0; s < kGroup; ++s) {
        products[s] = Float{};
        for (int part = 0; part < kParts; ++part) {
          const int i = set * kParts + part;
          products[s] += x[i] * load(rows[s] + i * kLanes);
        }
      }
      out[set] = sums_of<kGroup>(products);
    }
  }

  // sum += sum over s of weight[s] * row s.
  static MICROGPT_INLINE void add_weighted(Float* sum, const Float* weight, Rows rows) {
    for (int set = 0; set < kSets; ++set) {
      unroll<kGroup>([&](auto s) __attribute__((always_inline)) {
        const Float w = spread<kGroup, s.value>(weight[set]);
        for (int part = 0; part < kParts; ++part) {
          const int i = set * kParts + part;
          sum[i] += w * load(rows[s.value] + i * kLanes);
        }
      });
    }
  }

  static MICROGPT_INLINE void load_row(Float* x, const float* row) {
    for (int i = 0; i < kVectors; ++i) x[i] = load(row + i * kLanes);
  }

  static MICROGPT_INLINE void store_row(float* row, const Float* x) {
    for (int i = 0; i < kVectors; ++i) store(row + i * kLanes, x[i]);
  }
};

// One document: out (length, C) from q, k, v (length, C), and p to weights, all overwritten. Up to
// kGroup - 1 rows of k and v past the last are read, and must be finite.
template <int C, int D>
void attention_forward(int length, Rows out, Rows weights, Rows q, Rows k, Rows v, float scale) {
  using H = Heads<C, D>;
  const Int at = lane_numbers() % H::kGroup;
  for (int t = 0; t < length; ++t) {
    const int groups = H::groups(t + 1);
    Float qt[H::kVectors], top[H::kSets], total[H::kSets], sum[H::kVectors] = {};
    H::load_row(qt, q[t]);
    for (int set = 0; set < H::kSets; ++set) top[set] = splat(-3e38f), total[set] = Float{};
    for (int g = 0; g < groups; ++g) {
      Float score[H::kSets];
      H::dots(score, qt, {k[g * H::kGroup], k.stride});
      for (int set = 0; set < H::kSets; ++set) {
        score[set] = at <= t - g * H::kGroup ? score[set] * scale : splat(-3e38f);
        top[set] = max(top[set], score[set]);
        store(weights[t] + (g * H::kSets + set) * kLanes, score[set]);
      }
    }
    for (int set = 0; set < H::kSets; ++set) top[set] = max_within<H::kGroup>(top[set]);
    for (int g = 0; g < groups; ++g) {
      for (int set = 0; set < H::kSets; ++set) {
        float* const place = weights[t] + (g * H::kSets + set) * kLanes;
        const Float e = at <= t - g * H::kGroup ? exp(load(place) - top[set]) : Float{};
        total[set] += e;
        store(place, e);
      }
    }
    for (int set = 0; set < H::kSets; ++set) {
      total[set] = 1.0f / sum_within<H::kGroup>(total[set]);
    }
    for (int g = 0; g < groups; ++g) {
      Float p[H::kSets];
      for (int set = 0; set < H::kSets; ++set) {
        float* const place = weights[t] + (g * H::kSets + set) * kLanes;
        p[set] = load(place) * total[set];
        store(place, p[set]);
      }
      H::add_weighted(sum, p, {v[g * H::kGroup], v.stride});
    }
    H::store_row(out[t], sum);
  }
}

// The way back: dq, dk, dv (length, C) from dout (length, C), all overwritten; dk and dv also in up
// to kGroup - 1 rows past the last, with zeros. dweights is as large as weights.
//
//   dp[t][s]     = sum_j dout[t][j] v[s][j]
//   dscore[t][s] = p[t][s] (dp[t][s] - sum_u p[t][u] dp[t][u])
//   dq[t] = scale * sum_{s <= t} dscore[t][s] k[s]
//   dk[s] = scale * sum_{t >= s} dscore[t][s] q[t]
//   dv[s] = sum_{t >= s} p[t][s] dout[t]
template <int C, int D>
void attention_backward(int length, Rows dq, Rows dk, Rows dv, Rows dweights, Rows dout,
                        Rows weights, Rows q, Rows k, Rows v, float scale) {
  using H = Heads<C, D>;
  for (int t = 0; t < length; ++t) {
    const int groups = H::groups(t + 1);
    Float dout_t[H::kVectors], mean[H::kSets] = {}, sum[H::kVectors] = {};
    H::load_row(dout_t, dout[t]);
    for (int g = 0; g < groups; ++g) {
      Float dp[H::kSets];
      H::dots(dp, dout_t, {v[g * H::kGroup], v.stride});
      for (int set = 0; set < H::kSets; ++set) {
        const int at = (g * H::kSets + set) * kLanes;
        mean[set] += load(weights[t] + at) * dp[set];
        store(dweights[t] + at, dp[set]);
      }
    }
    for (int set = 0; set < H::kSets; ++set) mean[set] = sum_within<H::kGroup>(mean[set]);
    for (int g = 0; g < groups; ++g) {
      Float dscore[H::kSets];
      for (int set = 0; set < H::kSets; ++set) {
        const int at = (g * H::kSets + set) * kLanes;
        dscore[set] = load(weights[t] + at) * (load(dweights[t] + at) - mean[set]) * scale;
        store(dweights[t] + at, dscore[set]);
      }
      H::add_weighted(sum, dscore, {k[g * H::kGroup], k.stride});
    }
    H::store_row(dq[t], sum);
  }
  // Keys and values: four positions at a time, so that their sums stay in registers.
  constexpr int kKeys = 4;
  for (int s = 0; s < length; s += kKeys) {
    for (int i = 0; i < H::kVectors; ++i) {
      const int set = i / H::kParts;
      const int first_lane = s % H::kGroup;
      const int at = (s / H::kGroup * H::kSets + set) * kLanes;
      Float dk_sum[kKeys] = {}, dv_sum[kKeys] = {};
      const auto add_from = [&](auto lane) __attribute__((always_inline)) {
        for (int t = s; t < length; ++t) {
          const Float dscore = load(dweights[t] + at), p = load(weights[t] + at);
          const Float qt = load(q[t] + i * kLanes), dout_t = load(dout[t] + i * kLanes);
          unroll<kKeys>([&](auto key) __attribute__((always_inline)) {
            constexpr int kAt = lane.value + key.value;
            dk_sum[key.value] += spread<H::kGroup, kAt>(dscore) * qt;
            dv_sum[key.value] += spread<H::kGroup, kAt>(p) * dout_t;
          });
        }
      };
      unroll<H::kGroup / kKeys>([&](auto quarter) __attribute__((always_inline)) {
        if (first_lane == quarter.value * kKeys) add_from(Constant<quarter.value * kKeys>{});
      });
      for (int key = 0; key < kKeys; ++key) {
        store(dk[s + key] + i * kLanes, dk_sum[key]);
        store(dv[s + key] + i * kLanes, dv_sum[key]);
      }
    }
  }
}

// Attention for one C and head_dim, called through pointers so that the rest of the model is
// compiled for each C only.
struct Attention {
  int group;       // positions in a group
  int group_size;  // floats of the weights of a row for one group
  void (*forward)(int length, Rows out, Rows weights, Rows q, Rows k, Rows v, float scale);
  void (*backward)(int length, Rows dq, Rows dk, Rows dv, Rows dweights, Rows dout, Rows weights,
                   Rows q, Rows k, Rows v, float scale);

  // Floats of the weights of one row, if its document has so many positions.
  int weights_size(int positions) const { return (positions + group - 1) / group * group_size; }
};

template <int C, int D>
inline constexpr Attention kAttention = {
    Heads<C, D>::kGroup,
    Heads<C, D>::kSets* kLanes,
    attention_forward<C, D>,
    attention_backward<C, D>,
};

}  // namespace microgpt::cpu::MICROGPT_ISA
