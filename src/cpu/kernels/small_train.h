// One pass of training: the model of reference/gpt.h for all positions of some documents at once,
// and its derivative.
#pragma once

#include "cpu/kernels/small.h"
#include "cpu/kernels/small_attention.h"
#include "cpu/kernels/small_optimizer.h"

namespace microgpt::cpu::MICROGPT_ISA {

// What forward leaves for backward, and what backward works in: cut out of scratch memory for as
// many rows as the pass has, so that all of it lies close together.
template <int C>
struct Activations {
  struct Layer {
    Rows x_norm, q, k, v, weights, x_attn, x_mid_norm, hidden, hidden_root;
    float *scale, *mid_scale;
  };

  Rows embedded, x, dlogits;
  float* embedded_scale;
  Layer layers[kMaxSmallLayers];
  Rows dx, dnorm, dq, dk, dv, dweights, dhidden;
  std::size_t size = 0;  // of the memory taken

  // scratch: null to learn the size.
  Activations(const Attention& attention, const SmallModel& model, int rows, int longest,
              float* scratch)
      : scratch_(scratch) {
    const int weights_size = attention.weights_size(longest);
    embedded = take(rows, C);
    x = take(rows, C);
    dlogits = take(rows, model.vocab_stride);
    embedded_scale = take(1, rows).data;
    for (int l = 0; l < model.n_layer; ++l) {
      Layer& layer = layers[l];
      layer.x_norm = take(rows, C);
      layer.q = take(rows + attention.group, 3 * C);
      layer.k = columns(layer.q, C);
      layer.v = columns(layer.q, 2 * C);
      layer.weights = take(rows, weights_size);
      layer.x_attn = take(rows, C);
      layer.x_mid_norm = take(rows, C);
      layer.hidden = take(rows, 4 * C);
      layer.hidden_root = model.relu_squared ? take(rows, 4 * C) : layer.hidden;
      layer.scale = take(1, rows).data;
      layer.mid_scale = take(1, rows).data;
    }
    dx = take(rows, C);
    dnorm = take(rows, C);
    dq = take(rows + attention.group, 3 * C);
    dk = columns(dq, C);
    dv = columns(dq, 2 * C);
    dweights = take(rows, weights_size);
    dhidden = take(rows, 4 * C);
  }

 private:
  Rows take(int rows, int columns) {
    const Rows taken{scratch_ != nullptr ? scratch_ + size : nullptr, columns};
    size += static_cast<std::size_t>((rows * columns + kRegister - 1) / kRegister * kRegister);
    return taken;
  }

  // The part of a matrix from that column on.
  Rows columns(Rows all, int from) const {
    return {scratch_ != nullptr ? all.data + from : nullptr, all.stride};
  }

  float* scratch_;
};

MICROGPT_INLINE int num_rows(const SmallPass& pass) { return pass.first_row[pass.num_documents]; }

MICROGPT_INLINE int longest_document(const SmallPass& pass) {
  int longest = 0;
  for (int d = 0; d < pass.num_documents; ++d) {
    const int length = pass.first_row[d + 1] - pass.first_row[d];
    longest = length > longest ? length : longest;
  }
  return longest;
}

// y = x * scale with scale = 1 / sqrt(mean(x * x) + 1e-5), row by row.
template <int C>
MICROGPT_INLINE void rmsnorm(int rows, Rows y, float* scale, Rows x, float inverse_n_embd) {
  for (int r = 0; r < rows; ++r) {
    Float squares{};
    for (int i = 0; i < C; i += kLanes) {
      const Float xi = load(x[r] + i);
      squares += xi * xi;
    }
    const float mean = sum_within<kLanes>(squares)[0] * inverse_n_embd;
    scale[r] = 1.0f / __builtin_sqrtf(mean + 1e-5f);
    for (int i = 0; i < C; i += kLanes) store(y[r] + i, load(x[r] + i) * scale[r]);
  }
}

// Adds to dx, or overwrites it. With y = s x, ds/dx_j = -s^3 x_j / n, and so
//   dx_j = s dy_j - s^3 x_j / n sum_i(x_i dy_i) = s (dy_j - y_j mean_i(y_i dy_i)).
template <int C, bool kAdd>
MICROGPT_INLINE void rmsnorm_backward(int rows, Rows dx, Rows dy, Rows y, const float* scale,
                                      float inverse_n_embd) {
  for (int r = 0; r < rows; ++r) {
    Float products{};
    for (int i = 0; i < C; i += kLanes) products += load(y[r] + i) * load(dy[r] + i);
    const Float mean = sum_within<kLanes>(products) * inverse_n_embd;
    for (int i = 0; i < C; i += kLanes) {
      const Float d = (load(dy[r] + i) - load(y[r] + i) * mean) * scale[r];
      store(dx[r] + i, kAdd ? load(dx[r] + i) + d : d);
    }
  }
}

// hidden = relu(hidden), or its square; then root keeps relu(hidden). What is not a number stays
// so: max gives its second argument if it can't compare.
template <int C>
MICROGPT_INLINE void activate(int rows, Rows hidden, Rows root, bool squared) {
  for (int i = 0; i < rows * 4 * C; i += kLanes) {
    const Float x = max(Float{}, load(hidden.data + i));
    if (squared) store(root.data + i, x);
    store(hidden.data + i, squared ? x * x : x);
  }
}

// Takes the gradient of activate's output to that of its input.
template <int C>
MICROGPT_INLINE void activate_backward(int rows, Rows dhidden, Rows root, bool squared) {
  for (int i = 0; i < rows * 4 * C; i += kLanes) {
    const Float x = load(root.data + i), d = load(dhidden.data + i);
    store(dhidden.data + i, squared ? d * x * 2.0f : x > 0.0f ? d : Float{});
  }
}

// Overwrites logits, row by row, with the gradient of the loss:
//   loss = -log(p[target]) with p = softmax(logits),  dlogits = (p - [target]) * inverse_tokens.
// Returns the sum of the losses. -log(p[target]) = log(total) - (logit[target] - max): the
// logarithm of a product of several totals, each from 1 to vocab_size, is taken at once.
MICROGPT_INLINE double softmax_loss(const SmallModel& model, int rows, Rows logits,
                                    const int* target, float inverse_tokens) {
  constexpr int kTotals = 16;  // 16 of at most 2^10 each are far from a double's end
  double loss = 0, product = 1;
  const Int lane = lane_numbers();
  for (int r = 0; r < rows; ++r) {
    float* const row = logits[r];
    Float top = splat(-3e38f);
    for (int i = 0; i < model.vocab_stride; i += kLanes) {
      top = max(top, lane < model.vocab_size - i ? load(row + i) : splat(-3e38f));
    }
    top = max_within<kLanes>(top);
    loss += static_cast<double>(top[0]) - static_cast<double>(row[target[r]]);
    Float total{};
    for (int i = 0; i < model.vocab_stride; i += kLanes) {
      const Float e = lane < model.vocab_size - i ? exp(load(row + i) - top) : Float{};
      total += e;
      store(row + i, e);
    }
    total = sum_within<kLanes>(total);
    product *= static_cast<double>(total[0]);
    if (r % kTotals == kTotals - 1 || r == rows - 1) {
      loss += __builtin_log(product);
      product = 1;
    }
    const Float factor = inverse_tokens / total;
    for (int i = 0; i < model.vocab_stride; i += kLanes) {
      const Float hit = lane == target[r] - i ? splat(inverse_tokens) : Float{};
      store(row + i, load(row + i) * factor - hit);
    }
  }
  return loss;
}

// microgpt.py's gpt for all rows, and the loss: see SmallKernels::forward.
template <int C>
double forward_pass(const Attention& attention, const SmallModel& model, const SmallPass& pass,
                    float inverse_tokens, float* scratch) {
  using Places = SmallLayerPlaces<C>;
  const int rows = num_rows(pass);
  Activations<C> a(attention, model, rows, longest_document(pass), scratch);
  const Rows wte{model.weights, C}, wpe{model.weights + model.wpe, C};
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < C; i += kLanes) {
      store(a.x[r] + i, load(wte[pass.token[r]] + i) + load(wpe[pass.position[r]] + i));
    }
  }
  rmsnorm<C>(rows, a.embedded, a.embedded_scale, a.x, model.inverse_n_embd);

  Rows x = a.embedded;
  for (int l = 0; l < model.n_layer; ++l) {
    auto& layer = a.layers[l];
    float* const weights =
        model.weights + model.layers + static_cast<std::size_t>(l) * Places::kSize;
    // 1) Multi-head attention block
    rmsnorm<C>(rows, layer.x_norm, layer.scale, x, model.inverse_n_embd);
    product(rows, C, 3 * C, layer.q, layer.x_norm, weights + Places::kQkv);
    for (int i = 0; i < attention.group * 3 * C; i += kLanes) {
      store(layer.q[rows] + i, Float{});  // attention reads keys and values in whole groups
    }
    for (int d = 0; d < pass.num_documents; ++d) {
      const int r = pass.first_row[d];
      const auto from = [r](Rows all) { return Rows{all[r], all.stride}; };
      attention.forward(pass.first_row[d + 1] - r, from(layer.x_attn), from(layer.weights),
                        from(layer.q), from(layer.k), from(layer.v), model.attention_scale);
    }
    product(rows, C, C, a.x, layer.x_attn, weights + Places::kWo, x);
    x = a.x;
    // 2) MLP block
    rmsnorm<C>(rows, layer.x_mid_norm, layer.mid_scale, x, model.inverse_n_embd);
    product(rows, C, 4 * C, layer.hidden, layer.x_mid_norm, weights + Places::kFc1);
    activate<C>(rows, layer.hidden, layer.hidden_root, model.relu_squared);
    product(rows, 4 * C, C, x, layer.hidden, weights + Places::kFc2, x);
  }
  product(rows, C, model.vocab_stride, a.dlogits, x, model.weights + model.lm_head);
  return softmax_loss(model, rows, a.dlogits, pass.target, inverse_tokens);
}

// forward, backwards. Gives each gradient of a matrix to sink, once the matrix is needed no more;
// those of wte and wpe are added to embedding_grads.
template <int C, class Sink>
void backward_pass(const Attention& attention, const SmallModel& model, const SmallPass& pass,
                   float* scratch, float* embedding_grads, const Sink& sink) {
  using Places = SmallLayerPlaces<C>;
  const int rows = num_rows(pass);
  Activations<C> a(attention, model, rows, longest_document(pass), scratch);

  product(rows, model.vocab_stride, C, a.dx, a.dlogits, model.transposed + model.lm_head);
  weight_gradient(rows, C, model.vocab_stride, a.x, a.dlogits, model.lm_head, sink);
  for (int l = model.n_layer - 1; l >= 0; --l) {
    auto& layer = a.layers[l];
    const std::size_t place = model.layers + static_cast<std::size_t>(l) * Places::kSize;
    // 2) MLP block: x = x + fc2 activate(fc1 rmsnorm(x))
    product(rows, C, 4 * C, a.dhidden, a.dx, model.transposed + place + Places::kFc2);
    activate_backward<C>(rows, a.dhidden, layer.hidden_root, model.relu_squared);
    weight_gradient(rows, 4 * C, C, layer.hidden, a.dx, place + Places::kFc2, sink);
    product(rows, 4 * C, C, a.dnorm, a.dhidden, model.transposed + place + Places::kFc1);
    weight_gradient(rows, C, 4 * C, layer.x_mid_norm, a.dhidden, place + Places::kFc1, sink);
    rmsnorm_backward<C, true>(rows, a.dx, a.dnorm, layer.x_mid_norm, layer.mid_scale,
                              model.inverse_n_embd);
    // 1) Multi-head attention block: x = x + wo attention(qkv rmsnorm(x))
    product(rows, C, C, a.dnorm, a.dx, model.transposed + place + Places::kWo);
    weight_gradient(rows, C, C, layer.x_attn, a.dx, place + Places::kWo, sink);
    for (int d = 0; d < pass.num_documents; ++d) {
      const int r = pass.first_row[d];
      const auto from = [r](Rows all) { return Rows{all[r], all.stride}; };
      attention.backward(pass.first_row[d + 1] - r, from(a.dq), from(a.dk), from(a.dv),
                         from(a.dweights), from(a.dnorm), from(layer.weights), from(layer.q),
                         from(layer.k), from(layer.v), model.attention_scale);
    }
    product(rows, 3 * C, C, a.dnorm, a.dq, model.transposed + place + Places::kQkv);
    weight_gradient(rows, C, 3 * C, layer.x_norm, a.dq, place + Places::kQkv, sink);
    rmsnorm_backward<C, true>(rows, a.dx, a.dnorm, layer.x_norm, layer.scale, model.inverse_n_embd);
  }

  rmsnorm_backward<C, false>(rows, a.dnorm, a.dx, a.embedded, a.embedded_scale,
                             model.inverse_n_embd);
  const Rows dwte{embedding_grads, C}, dwpe{embedding_grads + model.wpe, C};
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < C; i += kLanes) {
      const Float d = load(a.dnorm[r] + i);
      float* const token = dwte[pass.token[r]] + i;
      float* const position = dwpe[pass.position[r]] + i;
      store(token, load(token) + d);
      store(position, load(position) + d);
    }
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
