// Where each matrix stands among all parameters.
#pragma once

#include <cstddef>
#include <vector>

#include "microgpt/config.h"

namespace microgpt::cpu {

// The sizes of a model, under their usual letters.
struct Sizes {
  explicit Sizes(const Config& config)
      : L(static_cast<std::size_t>(config.n_layer)),
        T(static_cast<std::size_t>(config.block_size)),
        C(static_cast<std::size_t>(config.n_embd)),
        H(static_cast<std::size_t>(config.n_head)),
        D(C / H),
        V(static_cast<std::size_t>(config.vocab_size)) {}

  std::size_t L, T, C, H, D, V;  // layers, positions, channels, heads, head_dim, vocabulary
};

// Pointers into an array in the order of the parameter table: weights (const float) or gradients.
// attn_wq, attn_wk and attn_wv follow one another, so that they are one matrix.
template <class Float>
struct Weights {
  struct Layer {
    Float* attn_wqkv;  // (3C, C)
    Float* attn_wo;    // (C, C)
    Float* mlp_fc1;    // (4C, C)
    Float* mlp_fc2;    // (C, 4C)
  };

  Weights(const Config& config, Float* data) {
    const Sizes s(config);
    const auto take = [&data](std::size_t rows, std::size_t cols) {
      Float* matrix = data;
      data += rows * cols;
      return matrix;
    };
    wte = take(s.V, s.C);
    wpe = take(s.T, s.C);
    lm_head = take(s.V, s.C);
    for (std::size_t l = 0; l < s.L; ++l) {
      Layer& layer = layers.emplace_back();
      layer.attn_wqkv = take(3 * s.C, s.C);
      layer.attn_wo = take(s.C, s.C);
      layer.mlp_fc1 = take(4 * s.C, s.C);
      layer.mlp_fc2 = take(s.C, 4 * s.C);
    }
  }

  Float* wte;      // (V, C)
  Float* wpe;      // (T, C)
  Float* lm_head;  // (V, C)
  std::vector<Layer> layers;
};

}  // namespace microgpt::cpu
