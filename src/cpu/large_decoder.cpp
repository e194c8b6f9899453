#include "cpu/large_decoder.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "model/engine_input.h"

namespace microgpt::cpu {
namespace {

constexpr std::size_t kRows = 16 * kRowTile;  // tokens of a prompt that are computed at once

// Multiply-adds that are not worth a second thread.
constexpr std::size_t kSmallAttention = std::size_t{1} << 14;

class LargeDecoder final : public Decoder {
 public:
  LargeDecoder(const Config& config, KernelRunner& runner, const Weights<const float>& weights)
      : config_(config),
        sizes_(config),
        activation_(config.activation == Activation::kReluSquared ? Epilogue::kReluSquared
                                                                  : Epilogue::kRelu),
        runner_(runner),
        weights_(weights),
        keys_("engine cpu: the keys of a sequence", sizes_.L * sizes_.H * keys_of_head()),
        values_("engine cpu: the values of a sequence", sizes_.L * sizes_.T * sizes_.C + kSlack) {}

  void forward(std::span<const int> tokens, std::span<double> logits) override;
  void rewind(std::size_t position) override {
    check_rewind(position_, position);
    position_ = position;
  }

 private:
  void allocate(std::size_t M);
  void rows(std::span<const int> tokens);
  void layer(std::size_t l, std::size_t M);
  void cache_keys(float* keys, const float* qkv, std::size_t M) const;
  void attention(std::size_t l, std::size_t M);

  std::size_t keys_of_head() const { return round_up(sizes_.T, kColTile) * sizes_.D; }

  Config config_;
  Sizes sizes_;
  Epilogue activation_;
  KernelRunner& runner_;
  Weights<const float> weights_;
  FloatBuffer keys_;    // for each layer and head panels of positions: see key_index
  FloatBuffer values_;  // [layer][position][C]
  std::size_t position_ = 0;

  // Activations of M tokens.
  std::size_t M_ = 0;
  FloatBuffer x_, norm_, scale_, qkv_, attn_, hidden_, logits_;
};

void LargeDecoder::allocate(std::size_t M) {
  if (M <= M_) return;
  const auto C = sizes_.C;
  const auto rows = [M](std::size_t cols) {
    return FloatBuffer("engine cpu: the activations of a prompt", M * cols + kSlack);
  };
  x_ = rows(C), norm_ = rows(C), scale_ = rows(1), qkv_ = rows(3 * C), attn_ = rows(C);
  hidden_ = rows(4 * C), logits_ = FloatBuffer("engine cpu: the logits", sizes_.V);
  M_ = M;
}

void LargeDecoder::forward(std::span<const int> tokens, std::span<double> logits) {
  check_decoder_input(config_, position_, tokens, logits);
  allocate(std::min(tokens.size(), kRows));
  std::size_t M = 0;
  for (std::size_t i = 0; i < tokens.size(); i += M) {
    M = std::min(kRows, tokens.size() - i);
    rows(tokens.subspan(i, M));
  }
  runner_.linear(logits_.data(), x_.data() + (M - 1) * sizes_.C, weights_.lm_head, 1, sizes_.V,
                 sizes_.C);
  std::copy_n(logits_.data(), sizes_.V, logits.begin());
}

// Leaves what goes into lm_head in x_.
void LargeDecoder::rows(std::span<const int> tokens) {
  const std::size_t M = tokens.size();
  std::vector<int> positions(M);
  std::iota(positions.begin(), positions.end(), static_cast<int>(position_));
  runner_.kernels().embed(norm_.data(), weights_.wte, weights_.wpe, tokens.data(), positions.data(),
                          M, sizes_.C);
  runner_.rmsnorm(x_.data(), scale_.data(), norm_.data(), M, sizes_.C);
  for (std::size_t l = 0; l < sizes_.L; ++l) layer(l, M);
  position_ += M;
}

void LargeDecoder::layer(std::size_t l, std::size_t M) {
  const std::size_t C = sizes_.C;
  const auto& weights = weights_.layers[l];
  float *x = x_.data(), *norm = norm_.data();
  // 1) Multi-head attention block
  runner_.rmsnorm(norm, scale_.data(), x, M, C);
  runner_.linear(qkv_.data(), norm, weights.attn_wqkv, M, 3 * C, C);
  attention(l, M);
  runner_.linear(x, attn_.data(), weights.attn_wo, M, C, C, x);
  // 2) MLP block
  runner_.rmsnorm(norm, scale_.data(), x, M, C);
  runner_.linear(hidden_.data(), norm, weights.mlp_fc1, M, 4 * C, C, nullptr, activation_);
  runner_.linear(x, hidden_.data(), weights.mlp_fc2, M, C, 4 * C, x);
}

// keys: of one layer.
void LargeDecoder::cache_keys(float* keys, const float* k, std::size_t M) const {
  const std::size_t C = sizes_.C, D = sizes_.D;
  for (std::size_t m = 0; m < M; ++m) {
    for (std::size_t c = 0; c < C; ++c) {
      keys[c / D * keys_of_head() + key_index(position_ + m, c % D, D)] = k[m * 3 * C + c];
    }
  }
}

void LargeDecoder::attention(std::size_t l, std::size_t M) {
  const std::size_t C = sizes_.C, H = sizes_.H, D = sizes_.D;
  float* keys = keys_.data() + l * H * keys_of_head();
  float* values = values_.data() + l * sizes_.T * C;
  const float* qkv = qkv_.data();
  cache_keys(keys, qkv + C, M);
  for (std::size_t m = 0; m < M; ++m) {
    std::copy_n(qkv + m * 3 * C + 2 * C, C, values + (position_ + m) * C);
  }
  const auto head = [&](std::size_t h, float* scratch) {
    runner_.kernels().attention_cached({.T = M,
                                        .past = position_,
                                        .head_dim = D,
                                        .q = qkv + h * D,
                                        .k = keys + h * keys_of_head(),
                                        .v = values + h * D,
                                        .ldq = 3 * C,
                                        .ldv = C,
                                        .out = attn_.data() + h * D,
                                        .ldout = C},
                                       scratch);
  };
  const std::size_t heads = M * (position_ + M) * C < kSmallAttention ? H : 1;  // of a task
  runner_.for_tasks(H / heads, [&](std::size_t task, float* scratch) {
    for (std::size_t h = task * heads; h < (task + 1) * heads; ++h) head(h, scratch);
  });
}

}  // namespace

std::unique_ptr<Decoder> make_large_decoder(const Config& config, KernelRunner& runner,
                                            const Weights<const float>& weights) {
  return std::make_unique<LargeDecoder>(config, runner, weights);
}

}  // namespace microgpt::cpu
