// Writing one sequence, token by token: lanes are outputs, or heads and their dims.
//
// small_lanes.h writes many sequences at once, with lanes over sequences, and gives each the same
// bits. So every sum here has an order that both can keep:
//   a product       kChains sums over the inputs i with i % kChains = 0, 1, ..., then
//                   start + ((sum 0 + sum 1) + (sum 2 + sum 3));
//   mean(x * x)     over x[l], x[l + kLanes], ... for each l < kLanes, then as sum_within does;
//   a score         over the parts of a head, then as sums_of does;
//   over positions and tokens: from the first to the last.
#pragma once

#include "cpu/kernels/small.h"
#include "cpu/kernels/small_attention.h"

namespace microgpt::cpu::MICROGPT_ISA {

inline constexpr int kChains = 4;  // a product's sums: one would wait for each addition to end

// out[j] = start[j] + sum over k of in[k] * w[k][j] for kDepth inputs, kJ registers of outputs.
template <int kDepth, int kJ>
MICROGPT_INLINE void product_part(float* out, const float* start, const float* in, const float* w) {
  Float sum[kChains][kJ] = {};
  for (int k = 0; k < kDepth; k += kChains) {
    unroll<kChains * kJ>([&](auto i) MICROGPT_INLINE_LAMBDA {
      constexpr int c = i.value / kJ, j = i.value % kJ;
      sum[c][j] += in[k + c] * load(w + (k + c) * kRegister + j * kLanes);
    });
  }
  for (int j = 0; j < kJ; ++j) {
    const Float total = (sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j]);
    store(out + j * kLanes, start != nullptr ? load(start + j * kLanes) + total : total);
  }
}

// The same for `outputs` numbers, a multiple of 16.
template <int kDepth>
MICROGPT_INLINE void product_one(int outputs, float* out, const float* start, const float* in,
                                 float* w) {
  constexpr int kJ = kLanes == kRegister ? 1 : 2;
  for (int o = 0; o < outputs; o += kJ * kLanes) {
    product_part<kDepth, kJ>(out + o, start != nullptr ? start + o : nullptr, in,
                             panel_at(w, kDepth, o));
  }
}

template <int C>
MICROGPT_INLINE void rmsnorm_one(float* y, const float* x, float inverse_n_embd) {
  Float squares{};
  for (int i = 0; i < C; i += kLanes) squares += load(x + i) * load(x + i);
  const float mean = sum_within<kLanes>(squares)[0] * inverse_n_embd;
  const float scale = 1.0f / __builtin_sqrtf(mean + 1e-5f);
  for (int i = 0; i < C; i += kLanes) store(y + i, load(x + i) * scale);
}

// The newest position's attention to positions 0 to t; keys and values hold zeros, or what is
// finite, up to the end of t's group.
template <int C, int D>
void attention_one(float* out, const float* q, Rows keys, Rows values, int t, float scale) {
  using H = Heads<C, D>;
  const Int at = lane_numbers() % H::kGroup;
  const int groups = H::groups(t + 1);
  Float score[kMaxRows / H::kGroup * H::kSets];
  Float qt[H::kVectors], top[H::kSets], total[H::kVectors] = {}, sum[H::kVectors] = {};
  H::load_row(qt, q);
  for (int set = 0; set < H::kSets; ++set) top[set] = splat(-3e38f);
  for (int g = 0; g < groups; ++g) {
    Float* const here = score + g * H::kSets;
    H::dots(here, qt, {keys[g * H::kGroup], keys.stride});
    for (int set = 0; set < H::kSets; ++set) {
      here[set] = at <= t - g * H::kGroup ? here[set] * scale : splat(-3e38f);
      top[set] = max(top[set], here[set]);
    }
  }
  for (int set = 0; set < H::kSets; ++set) top[set] = max_within<H::kGroup>(top[set]);
  for (int g = 0; g < groups; ++g) {
    for (int set = 0; set < H::kSets; ++set) {
      Float& e = score[g * H::kSets + set];
      e = at <= t - g * H::kGroup ? exp(e - top[set]) : Float{};
      unroll<H::kGroup>([&](auto s) __attribute__((always_inline)) {
        const Float w = spread<H::kGroup, s.value>(e);
        for (int i = set * H::kParts; i < (set + 1) * H::kParts; ++i) {
          total[i] += w;
          sum[i] += w * load(values[g * H::kGroup + s.value] + i * kLanes);
        }
      });
    }
  }
  for (int i = 0; i < H::kVectors; ++i) store(out + i * kLanes, sum[i] * (1.0f / total[i]));
}

using AttentionOne = void (*)(float* out, const float* q, Rows keys, Rows values, int t,
                              float scale);

// Floats of the keys and values of one sequence, which are read in whole groups.
template <int C>
std::size_t sequence_size(const SmallModel& model) {
  return static_cast<std::size_t>(2 * model.n_layer * (model.block_size + kRegister) * C);
}

// microgpt.py's gpt: see SmallKernels::write_one.
template <int C>
void write_token(AttentionOne attention, const SmallModel& model, float* sequence, int token,
                 int position, float* logits) {
  using Places = SmallLayerPlaces<C>;
  const int cache = (model.block_size + kRegister) * C;
  alignas(64) float x[C], y[C], q[C], hidden[4 * C];
  const float* const tok_emb = model.weights + token * C;
  const float* const pos_emb = model.weights + model.wpe + position * C;
  for (int i = 0; i < C; i += kLanes) store(x + i, load(tok_emb + i) + load(pos_emb + i));
  rmsnorm_one<C>(x, x, model.inverse_n_embd);
  for (int l = 0; l < model.n_layer; ++l) {
    float* const weights =
        model.weights + model.layers + static_cast<std::size_t>(l) * Places::kSize;
    const Rows keys{sequence + 2 * l * cache, C}, values{sequence + (2 * l + 1) * cache, C};
    // 1) Multi-head attention block
    rmsnorm_one<C>(y, x, model.inverse_n_embd);
    product_one<C>(C, q, nullptr, y, weights + Places::kQkv);
    product_one<C>(C, keys[position], nullptr, y, weights + Places::kQkv + C * C);
    product_one<C>(C, values[position], nullptr, y, weights + Places::kQkv + 2 * C * C);
    attention(y, q, keys, values, position, model.attention_scale);
    product_one<C>(C, x, x, y, weights + Places::kWo);
    // 2) MLP block
    rmsnorm_one<C>(y, x, model.inverse_n_embd);
    product_one<C>(4 * C, hidden, nullptr, y, weights + Places::kFc1);
    for (int i = 0; i < 4 * C; i += kLanes) {
      const Float h = max(Float{}, load(hidden + i));
      store(hidden + i, model.relu_squared ? h * h : h);
    }
    product_one<4 * C>(C, x, x, hidden, weights + Places::kFc2);
  }
  product_one<C>(model.vocab_stride, logits, nullptr, x, model.weights + model.lm_head);
}

// A token of p = softmax(logits * inverse_temperature): see SmallKernels::choose.
MICROGPT_INLINE int choose_token(const SmallModel& model, float* logits, float inverse_temperature,
                                 float u) {
  const Int lane = lane_numbers();
  Float top = splat(-3e38f);
  for (int i = 0; i < model.vocab_stride; i += kLanes) {
    top = max(top, lane < model.vocab_size - i ? load(logits + i) : splat(-3e38f));
  }
  top = max_within<kLanes>(top);
  for (int i = 0; i < model.vocab_stride; i += kLanes) {
    store(logits + i, exp((load(logits + i) - top) * inverse_temperature));
  }
  float total = 0;
  for (int i = 0; i < model.vocab_size; ++i) {
    total += logits[i];
    logits[i] = total;
  }
  const float threshold = total * u;
  int next = 0;
  for (int i = 0; i < model.vocab_size; ++i) next += logits[i] <= threshold ? 1 : 0;
  return next;
}

}  // namespace microgpt::cpu::MICROGPT_ISA
