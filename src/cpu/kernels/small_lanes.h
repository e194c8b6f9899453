// Writing as many sequences at once as a register has lanes: every number is a register with one
// lane for each sequence, and a weight is broadcast to all of them.
//
// Lanes begin and end at different times. Keys and values lie in a ring with a slot for each of the
// last block_size calls, common to all lanes; a slot that is `age` calls old belongs to a lane's
// sequence if age <= the lane's position. So positions are met in order, as small_sample.h does.
#pragma once

#include "cpu/kernels/small_sample.h"

namespace microgpt::cpu::MICROGPT_ISA {

// Sums x[0 .. kN) pair by pair, first those half of kN apart, as sum_within<kN> does.
template <int kN>
MICROGPT_INLINE Float sum_halves(Float* x) {
  if constexpr (kN == 1) {
    return x[0];
  } else {
    for (int i = 0; i < kN / 2; ++i) x[i] += x[i + kN / 2];
    return sum_halves<kN / 2>(x);
  }
}

// Sums x[0 .. kN) pair by pair, neighbours first, as sums_of<kN> does.
template <int kN>
MICROGPT_INLINE Float sum_neighbours(const Float* x) {
  if constexpr (kN == 1) {
    return x[0];
  } else {
    return sum_neighbours<kN / 2>(x) + sum_neighbours<kN / 2>(x + kN / 2);
  }
}

// out[o] = start[o] + sum over k of in[k] * w[k][o] for o < outputs, a multiple of 4.
template <int kDepth>
MICROGPT_INLINE void product_many(int outputs, Float* out, const Float* start, const Float* in,
                                  float* w) {
  constexpr int kOutputs = kLanes == 16 ? 4 : 2;
  for (int o = 0; o < outputs; o += kOutputs) {
    const float* const panel = panel_at(w, kDepth, o);
    Float sum[kOutputs][kChains] = {};
    for (int k = 0; k < kDepth; k += kChains) {
      unroll<kChains * kOutputs>([&](auto n) MICROGPT_INLINE_LAMBDA {
        constexpr int c = n.value / kOutputs, i = n.value % kOutputs;
        sum[i][c] += panel[(k + c) * kRegister + i] * in[k + c];
      });
    }
    for (int i = 0; i < kOutputs; ++i) {
      const Float total = (sum[i][0] + sum[i][1]) + (sum[i][2] + sum[i][3]);
      out[o + i] = start != nullptr ? start[o + i] + total : total;
    }
  }
}

template <int C>
MICROGPT_INLINE void rmsnorm_many(Float* y, const Float* x, float inverse_n_embd) {
  Float squares[kLanes] = {};
  for (int i = 0; i < C; ++i) squares[i % kLanes] += x[i] * x[i];
  const Float mean = sum_halves<kLanes>(squares) * inverse_n_embd;
  const Float scale = 1.0f / sqrt(mean + 1e-5f);
  for (int i = 0; i < C; ++i) y[i] = x[i] * scale;
}

// What one call works with; positions and the ring are those of the lanes.
struct LaneGroup {
  Float *keys, *values;  // of a layer: (block_size, C)
  int slot;              // of the newest position
  int block_size;
  Int position;
  int longest;  // the largest position

  int slot_of(int age) const { return slot >= age ? slot - age : slot - age + block_size; }
};

// A head at a time: scores of all ages, then their softmax, then the sum of values.
template <int C, int D>
void attention_many(Float* out, const Float* q, const LaneGroup& group, float scale) {
  constexpr int kGroup = Heads<C, D>::kGroup;
  for (int h = 0; h < C; h += D) {
    Float score[kMaxRows];
    Float top = splat(-3e38f);
    for (int age = group.longest; age >= 0; --age) {
      const Float* const key = group.keys + group.slot_of(age) * C + h;
      Float products[kGroup] = {};
      for (int j = 0; j < D; ++j) products[j % kGroup] += q[h + j] * key[j];
      score[age] = group.position >= age ? sum_neighbours<kGroup>(products) * scale : splat(-3e38f);
      top = max(top, score[age]);
    }
    Float total{}, sum[D] = {};
    for (int age = group.longest; age >= 0; --age) {
      const Float* const value = group.values + group.slot_of(age) * C + h;
      const Float e = group.position >= age ? exp(score[age] - top) : Float{};
      total += e;
      for (int j = 0; j < D; ++j) sum[j] += e * value[j];
    }
    const Float inverse = 1.0f / total;
    for (int j = 0; j < D; ++j) out[h + j] = sum[j] * inverse;
  }
}

using AttentionMany = void (*)(Float* out, const Float* q, const LaneGroup& group, float scale);

// x[i] in lane l = wte[token of l][i] + wpe[position of l][i].
template <int C>
MICROGPT_INLINE void embed_many(Float* x, const SmallModel& model, const int* token,
                                const int* position) {
  for (int i = 0; i < C; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      x[i + l] = load(model.weights + token[l] * C + i) +
                 load(model.weights + model.wpe + position[l] * C + i);
    }
    transpose_lanes(x + i);
  }
}

// Draws each lane's token: see choose_token.
MICROGPT_INLINE void choose_many(const SmallModel& model, Float* logits, float inverse_temperature,
                                 const float* u, int* next) {
  Float top = logits[0];
  for (int i = 1; i < model.vocab_size; ++i) top = max(top, logits[i]);
  Float total{};
  for (int i = 0; i < model.vocab_size; ++i) {
    total += exp((logits[i] - top) * inverse_temperature);
    logits[i] = total;
  }
  const Float threshold = total * load(u);
  Int count{};
  for (int i = 0; i < model.vocab_size; ++i) count -= logits[i] <= threshold;  // true is -1
  std::memcpy(next, &count, sizeof count);
}

// Floats of the keys and values of kLanes sequences.
template <int C>
std::size_t sequences_size(const SmallModel& model) {
  return static_cast<std::size_t>(2 * model.n_layer * model.block_size * C * kLanes);
}

// See SmallKernels::write_many.
template <int C>
void write_tokens(AttentionMany attention, const SmallModel& model, SmallLanes& lanes,
                  float inverse_temperature) {
  using Places = SmallLayerPlaces<C>;
  Float x[C], y[C], q[C], hidden[4 * C], logits[kMaxVocab];
  LaneGroup group{nullptr, nullptr, lanes.slot, model.block_size, {}, 0};
  std::memcpy(&group.position, lanes.position, sizeof group.position);
  for (int l = 0; l < kLanes; ++l) {
    group.longest = group.longest > lanes.position[l] ? group.longest : lanes.position[l];
  }
  embed_many<C>(x, model, lanes.token, lanes.position);
  rmsnorm_many<C>(x, x, model.inverse_n_embd);
  for (int l = 0; l < model.n_layer; ++l) {
    float* const weights =
        model.weights + model.layers + static_cast<std::size_t>(l) * Places::kSize;
    group.keys = reinterpret_cast<Float*>(lanes.keys_and_values) + 2 * l * model.block_size * C;
    group.values = group.keys + model.block_size * C;
    // 1) Multi-head attention block
    rmsnorm_many<C>(y, x, model.inverse_n_embd);
    product_many<C>(C, q, nullptr, y, weights + Places::kQkv);
    product_many<C>(C, group.keys + lanes.slot * C, nullptr, y, weights + Places::kQkv + C * C);
    product_many<C>(C, group.values + lanes.slot * C, nullptr, y,
                    weights + Places::kQkv + 2 * C * C);
    attention(y, q, group, model.attention_scale);
    product_many<C>(C, x, x, y, weights + Places::kWo);
    // 2) MLP block
    rmsnorm_many<C>(y, x, model.inverse_n_embd);
    product_many<C>(4 * C, hidden, nullptr, y, weights + Places::kFc1);
    for (int i = 0; i < 4 * C; ++i) {
      const Float h = max(Float{}, hidden[i]);
      hidden[i] = model.relu_squared ? h * h : h;
    }
    product_many<4 * C>(C, x, x, hidden, weights + Places::kFc2);
  }
  product_many<C>((model.vocab_size + 3) / 4 * 4, logits, nullptr, x,
                  model.weights + model.lm_head);
  choose_many(model, logits, inverse_temperature, lanes.u, lanes.next);
}

}  // namespace microgpt::cpu::MICROGPT_ISA
