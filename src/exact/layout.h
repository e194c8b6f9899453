// Where the matrices of a model lie in its flat list of parameters.
#pragma once

#include <cstddef>

#include "microgpt/config.h"

namespace microgpt::exact {

struct Matrix {
  std::size_t offset;  // of its first parameter
  std::size_t rows, cols;

  std::size_t size() const { return rows * cols; }
};

// attn_wq, attn_wk and attn_wv lie one after another and are used as one matrix of 3 n_embd rows.
struct LayerMatrices {
  Matrix qkv, attn_wo, mlp_fc1, mlp_fc2;
};

struct Layout {
  explicit Layout(const Config& config)
      : C(static_cast<std::size_t>(config.n_embd)),
        H(static_cast<std::size_t>(config.n_head)),
        V(static_cast<std::size_t>(config.vocab_size)),
        L(static_cast<std::size_t>(config.n_layer)),
        wte{0, V, C},
        wpe{wte.size(), static_cast<std::size_t>(config.block_size), C},
        lm_head{wpe.offset + wpe.size(), V, C} {}

  LayerMatrices layer(std::size_t i) const {
    const std::size_t begin = lm_head.offset + lm_head.size() + i * 12 * C * C;
    return {{begin, 3 * C, C},
            {begin + 3 * C * C, C, C},
            {begin + 4 * C * C, 4 * C, C},
            {begin + 8 * C * C, C, 4 * C}};
  }

  std::size_t C, H, V, L;
  Matrix wte, wpe, lm_head;
};

}  // namespace microgpt::exact
