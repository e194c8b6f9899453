#include "exact/decoder.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/engine_input.h"
#include "random/py_pow.h"

namespace microgpt::exact {
namespace {

// A matrix with a column for each output, columns padded with zeros to whole vectors.
struct Transposed {
  std::size_t rows, cols;  // of the matrix as it was
  std::vector<double> data;
};

Transposed transpose(const Matrix& w, std::span<const double> params) {
  const std::size_t width = padded(w.rows);
  Transposed t{w.rows, w.cols, std::vector<double>(w.cols * width)};
  for (std::size_t o = 0; o < w.rows; ++o) {
    for (std::size_t i = 0; i < w.cols; ++i) {
      t.data[i * width + o] = params[w.offset + o * w.cols + i];
    }
  }
  return t;
}

struct Layer {
  Transposed qkv, attn_wo, mlp_fc1, mlp_fc2;
  std::vector<double> keys, values;  // (block_size, n_embd): the KV cache
};

class ExactDecoder final : public Decoder {
 public:
  ExactDecoder(const Config& config, const Layout& layout, const Kernels& kernels,
               std::span<const double> params)
      : config_(config),
        C_(layout.C),
        kernels_(kernels),
        wte_(params.subspan(layout.wte.offset, layout.wte.size())),
        wpe_(params.subspan(layout.wpe.offset, layout.wpe.size())),
        lm_head_(transpose(layout.lm_head, params)),
        inverse_n_(py_pow(static_cast<double>(config.n_embd), -1.0)),
        inverse_sqrt_head_dim_(py_pow(py_pow(static_cast<double>(config.head_dim()), 0.5), -1.0)),
        x_(C_),
        normed_(C_),
        attended_(C_),
        qkv_(padded(3 * C_)),
        hidden_(padded(4 * C_)),
        out_(padded(std::max(layout.V, C_))),
        weights_(layout.wpe.rows) {
    const std::size_t cache = layout.wpe.size();
    for (std::size_t l = 0; l < layout.L; ++l) {
      const LayerMatrices m = layout.layer(l);
      layers_.push_back({transpose(m.qkv, params), transpose(m.attn_wo, params),
                         transpose(m.mlp_fc1, params), transpose(m.mlp_fc2, params),
                         std::vector<double>(cache), std::vector<double>(cache)});
    }
  }

  void forward(std::span<const int> tokens, std::span<double> logits) override {
    check_decoder_input(config_, position_, tokens, logits);
    for (const int token : tokens) feed(static_cast<std::size_t>(token));
    linear(out_.data(), x_.data(), lm_head_);
    std::copy_n(out_.begin(), logits.size(), logits.begin());
  }

  void rewind(std::size_t position) override {
    check_rewind(position_, position);
    position_ = position;
  }

 private:
  // gpt of microgpt.py, up to lm_head: leaves the last layer's output in x_.
  void feed(std::size_t token) {
    for (std::size_t i = 0; i < C_; ++i) {
      x_[i] = wte_[token * C_ + i] + (config_.parts.wpe ? wpe_[position_ * C_ + i] : 0.0);
    }
    norm(x_.data());
    for (Layer& layer : layers_) {
      attention_block(layer);
      mlp_block(layer);
    }
    ++position_;
  }

  void attention_block(Layer& layer) {
    norm(normed_.data());
    linear(qkv_.data(), normed_.data(), layer.qkv);
    std::copy_n(qkv_.data() + C_, C_, layer.keys.data() + position_ * C_);
    std::copy_n(qkv_.data() + 2 * C_, C_, layer.values.data() + position_ * C_);
    const auto D = static_cast<std::size_t>(config_.head_dim());
    for (std::size_t first = 0; first < C_; first += D) attend(layer, first, D);
    linear(out_.data(), attended_.data(), layer.attn_wo);
    add_residual();
  }

  // One head: the features from `first` to first + D.
  void attend(const Layer& layer, std::size_t first, std::size_t D) {
    const std::size_t n = position_ + 1;
    for (std::size_t t = 0; t < n; ++t) {
      double dot = 0.0;
      for (std::size_t j = first; j < first + D; ++j) dot += qkv_[j] * layer.keys[t * C_ + j];
      weights_[t] = dot * inverse_sqrt_head_dim_;
    }
    const double largest = *std::max_element(weights_.data(), weights_.data() + n);
    double total = 0.0;
    for (std::size_t t = 0; t < n; ++t) {
      weights_[t] = std::exp(weights_[t] - largest);
      total += weights_[t];
    }
    const double inverse = py_pow(total, -1.0);
    for (std::size_t t = 0; t < n; ++t) weights_[t] *= inverse;
    std::fill_n(attended_.data() + first, D, 0.0);
    for (std::size_t t = 0; t < n; ++t) {
      for (std::size_t j = first; j < first + D; ++j) {
        attended_[j] += weights_[t] * layer.values[t * C_ + j];
      }
    }
  }

  void mlp_block(const Layer& layer) {
    norm(normed_.data());
    linear(hidden_.data(), normed_.data(), layer.mlp_fc1);
    for (double& h : hidden_) {
      h = h > 0 ? h : 0.0;
      if (config_.activation == Activation::kReluSquared) h = py_pow(h, 2.0);
    }
    linear(out_.data(), hidden_.data(), layer.mlp_fc2);
    add_residual();
  }

  void add_residual() {
    for (std::size_t i = 0; i < C_; ++i) x_[i] = config_.parts.residual ? out_[i] + x_[i] : out_[i];
  }

  // out = rmsnorm(x_), or x_ where the model has no RMSNorm
  void norm(double* out) {
    if (!config_.parts.rmsnorm) {
      std::copy(x_.begin(), x_.end(), out);
      return;
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < C_; ++i) sum += x_[i] * x_[i];
    const double scale = py_pow(sum * inverse_n_ + 1e-5, -0.5);
    for (std::size_t i = 0; i < C_; ++i) out[i] = x_[i] * scale;
  }

  void linear(double* out, const double* x, const Transposed& w) {
    kernels_.matvec(out, x, w.data.data(), w.rows, w.cols);
  }

  Config config_;
  std::size_t C_;
  const Kernels& kernels_;
  std::span<const double> wte_, wpe_;
  Transposed lm_head_;
  std::vector<Layer> layers_;
  double inverse_n_, inverse_sqrt_head_dim_;
  std::size_t position_ = 0;
  std::vector<double> x_, normed_, attended_, qkv_, hidden_, out_, weights_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Config& config, const Layout& layout,
                                      const Kernels& kernels, std::span<const double> params) {
  return std::make_unique<ExactDecoder>(config, layout, kernels, params);
}

}  // namespace microgpt::exact
