#include "exact/exact_engine.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "base/aligned.h"
#include "base/memory.h"
#include "exact/activations.h"
#include "exact/decoder.h"
#include "exact/kernels.h"
#include "model/engine_input.h"
#include "random/py_pow.h"

namespace microgpt::exact {
namespace {

constexpr double kParameterBytes = 4 * sizeof(double) + 135;  // and what saving takes

AdamConstants adam_constants(const OptimizerStep& step) {
  const auto t = static_cast<double>(step.step + 1);
  return {.beta1 = step.beta1,
          .beta2 = step.beta2,
          .one_minus_beta1 = 1.0 - step.beta1,
          .one_minus_beta2 = 1.0 - step.beta2,
          .m_correction = 1.0 - py_pow(step.beta1, t),
          .v_correction = 1.0 - py_pow(step.beta2, t),
          .learning_rate = step.learning_rate,
          .eps_adam = step.eps_adam,
          .square_is_product = step.edition == Edition::kFirst};
}

class ExactEngine final : public Engine {
 public:
  explicit ExactEngine(const Config& config);

  void load(const StateDict& state) override;
  StateDict state_dict() const override;
  double loss_and_grad(Batch batch, std::size_t num_tokens) override;
  std::vector<double> grads() const override { return {grads_.begin(), grads_.end()}; }
  void optimizer_step(const OptimizerStep& step) override;
  double train_step(Batch batch, const OptimizerStep& step) override;
  std::unique_ptr<Decoder> new_decoder() const override;

 private:
  // What becomes of a gradient when it is complete for one document.
  using Update = const AdamConstants*;  // null: it is added to grads_

  void forward(std::span<const int> tokens, std::size_t n);
  void embed(std::span<const int> tokens);
  void forward_layer(LayerActivations& layer, const LayerMatrices& weights, double* out);
  void losses(std::span<const int> tokens, double dloss);
  void backward(std::span<const int> tokens, Update update);
  void backward_lm_head(std::span<const int> tokens, Update update);
  void backward_layer(const LayerActivations& layer, const LayerMatrices& weights, Update update);
  void backward_embedding(std::span<const int> tokens, Update update);

  void norm(double* out, double* ms, double* scale, const double* x);
  void linear(double* out, const double* x, const Matrix& w);
  void linear_input(double* dx, const double* dy, const Matrix& w, const std::uint32_t* order,
                    bool add = false);
  void normed_linear_input(const double* dy, const Matrix& w, const std::uint32_t* order,
                           const double* x, const double* ms, const double* scale);
  void linear_weight(const Matrix& w, const double* dy, const double* x, Update update);
  void add_rows(const Matrix& w, std::span<const int> row_of_position, Update update);
  const std::uint32_t* last_row_first(std::size_t rows) const;

  Config config_;
  Layout layout_;
  const Kernels& kernels_;
  double inverse_sqrt_head_dim_;
  std::vector<std::uint32_t> descending_, qkv_order_;  // of the rows of matrices
  std::vector<int> positions_;                         // 0, 1, 2, ...
  std::vector<double> zeros_;                          // a row of wpe where the model has none
  AlignedVector<double> params_, grads_;
  AlignedVector<double> m_, v_;     // Adam's moments; empty before its first step
  AlignedVector<double> gradient_;  // of one matrix, on its way to Adam
  Activations activations_;
  std::size_t n_ = 0;  // positions of the sequence in activations_
};

// In a layer's first matrix the rows of the last head come first, and of each head those of the
// values, the keys and the queries, each from the last on (docs/backward.md).
std::vector<std::uint32_t> make_qkv_order(const Layout& layout) {
  std::vector<std::uint32_t> order;
  const std::size_t D = layout.C / layout.H;
  for (std::size_t h = layout.H; h-- > 0;) {
    for (const std::size_t first : {2 * layout.C, layout.C, std::size_t{0}}) {
      for (std::size_t j = D; j-- > 0;) {
        order.push_back(static_cast<std::uint32_t>(first + h * D + j));
      }
    }
  }
  return order;
}

ExactEngine::ExactEngine(const Config& config)
    : config_(config),
      layout_(config),
      kernels_(kernels_for(choose_isa())),
      inverse_sqrt_head_dim_(py_pow(py_pow(static_cast<double>(config.head_dim()), 0.5), -1.0)),
      descending_(std::max(layout_.V, 4 * layout_.C)),
      qkv_order_(make_qkv_order(layout_)),
      positions_(static_cast<std::size_t>(config.block_size)),
      zeros_(layout_.C),
      params_(config.num_params()),
      grads_(config.num_params()),
      gradient_(std::max({layout_.V, layout_.wpe.rows, 4 * layout_.C}) * layout_.C) {
  std::iota(descending_.rbegin(), descending_.rend(), 0u);
  std::iota(positions_.begin(), positions_.end(), 0);
}

void ExactEngine::load(const StateDict& state) {
  check_state_dict(state, config_, "engine");
  const std::vector<double> params = flatten(state);
  params_.assign(params.begin(), params.end());
  grads_.assign(params.size(), 0.0);
  m_.assign(state.adam_m.begin(), state.adam_m.end());
  v_.assign(state.adam_v.begin(), state.adam_v.end());
}

StateDict ExactEngine::state_dict() const {
  StateDict state{parameter_table(config_), {m_.begin(), m_.end()}, {v_.begin(), v_.end()}};
  const double* next = params_.data();
  for (Tensor& tensor : state.params) {
    const double* const end = next + tensor.rows * tensor.cols;
    tensor.data.assign(next, end);
    next = end;
  }
  return state;
}

// The gradient of each loss is known beforehand, so that a document's backward pass can follow its
// forward pass. The documents go from the last to the first, as their terms do in each gradient.
double ExactEngine::loss_and_grad(Batch batch, std::size_t num_tokens) {
  const std::size_t predicted = check_batch(config_, batch);
  const double inverse_n = 1.0 / static_cast<double>(num_tokens > 0 ? num_tokens : predicted);
  std::size_t longest = 0;
  for (const auto& tokens : batch) longest = std::max(longest, count_predicted(config_, tokens));
  activations_.resize(layout_, longest);  // if that fails, nothing has been added yet
  std::vector<double> all_losses(predicted);
  auto end = all_losses.end();
  for (std::size_t d = batch.size(); d-- > 0;) {
    const std::span<const int> tokens = batch[d];
    forward(tokens, count_predicted(config_, tokens));
    losses(tokens, inverse_n);
    backward(tokens, nullptr);
    end = std::copy_backward(activations_.losses, activations_.losses + n_, end);
  }
  return inverse_n * std::accumulate(all_losses.begin(), all_losses.end(), 0.0);
}

double ExactEngine::train_step(Batch batch, const OptimizerStep& step) {
  if (batch.size() != 1 || step.optimizer != Optimizer::kAdam) {
    return Engine::train_step(batch, step);
  }
  const double inverse_n = 1.0 / static_cast<double>(check_batch(config_, batch));
  const std::span<const int> tokens = batch[0];
  forward(tokens, count_predicted(config_, tokens));
  losses(tokens, inverse_n);
  const double loss =
      inverse_n * std::accumulate(activations_.losses, activations_.losses + n_, 0.0);
  if (!std::isfinite(loss)) return loss;
  m_.resize(params_.size(), 0.0);
  v_.resize(params_.size(), 0.0);
  const AdamConstants constants = adam_constants(step);
  backward(tokens, &constants);
  return loss;
}

void ExactEngine::optimizer_step(const OptimizerStep& step) {
  if (step.optimizer == Optimizer::kAdam) {
    m_.resize(params_.size(), 0.0);
    v_.resize(params_.size(), 0.0);
    kernels_.adam(params_.data(), m_.data(), v_.data(), grads_.data(), params_.size(),
                  adam_constants(step));
  } else {
    for (std::size_t i = 0; i < params_.size(); ++i) {
      params_[i] = params_[i] - step.learning_rate * grads_[i];
    }
  }
  std::fill(grads_.begin(), grads_.end(), 0.0);
}

std::unique_ptr<Decoder> ExactEngine::new_decoder() const {
  return make_decoder(config_, layout_, kernels_, params_);
}

void ExactEngine::linear(double* out, const double* x, const Matrix& w) {
  kernels_.linear_forward(out, x, &params_[w.offset], tiles_of(n_), w.rows, w.cols);
}

// x as it is where the model has no RMSNorm.
void ExactEngine::norm(double* out, double* ms, double* scale, const double* x) {
  if (config_.parts.rmsnorm) {
    kernels_.rmsnorm_forward(out, ms, scale, x, tiles_of(n_), layout_.C);
  } else {
    std::copy_n(x, tiles_of(n_) * layout_.C * kTile, out);
  }
}

void ExactEngine::linear_input(double* dx, const double* dy, const Matrix& w,
                               const std::uint32_t* order, bool add) {
  kernels_.linear_backward_input(dx, dy, &params_[w.offset], order, tiles_of(n_), w.rows, w.cols,
                                 add);
}

// The gradient of a block's input, which its first matrix reads through the norm. activations_.dx
// is that of the block's output, and the residual's term. Without a norm the matrix's terms are
// added to that one by one.
void ExactEngine::normed_linear_input(const double* dy, const Matrix& w, const std::uint32_t* order,
                                      const double* x, const double* ms, const double* scale) {
  Activations& a = activations_;
  if (!config_.parts.rmsnorm) return linear_input(a.dx, dy, w, order, config_.parts.residual);
  linear_input(a.dnormed, dy, w, order);
  kernels_.rmsnorm_backward(a.dx, config_.parts.residual ? a.dx : nullptr, a.dnormed, x, ms, scale,
                            tiles_of(n_), layout_.C);
}

void ExactEngine::linear_weight(const Matrix& w, const double* dy, const double* x, Update update) {
  kernels_.rows_from_tiles(activations_.rows, x, tiles_of(n_), w.cols);
  if (update == nullptr) {
    kernels_.linear_backward_weight(&grads_[w.offset], dy, activations_.rows, n_, w.rows, w.cols,
                                    true);
    return;
  }
  kernels_.linear_backward_weight(gradient_.data(), dy, activations_.rows, n_, w.rows, w.cols,
                                  false);
  kernels_.adam(&params_[w.offset], &m_[w.offset], &v_[w.offset], gradient_.data(), w.size(),
                *update);
}

const std::uint32_t* ExactEngine::last_row_first(std::size_t rows) const {
  return descending_.data() + (descending_.size() - rows);
}

void ExactEngine::forward(std::span<const int> tokens, std::size_t n) {
  n_ = n;
  Activations& a = activations_;
  a.resize(layout_, n);
  embed(tokens);
  norm(a.layers[0].x, a.ms, a.scale, a.embedding);
  for (std::size_t l = 0; l < layout_.L; ++l) {
    forward_layer(a.layers[l], layout_.layer(l), l + 1 < layout_.L ? a.layers[l + 1].x : a.x_final);
  }
  linear(a.logits, a.x_final, layout_.lm_head);
}

void ExactEngine::embed(std::span<const int> tokens) {
  Activations& a = activations_;
  const std::size_t width = padded(layout_.C);
  for (std::size_t p = 0; p < n_; ++p) {
    const double* tok_emb =
        &params_[layout_.wte.offset + static_cast<std::size_t>(tokens[p]) * layout_.C];
    const double* pos_emb =
        config_.parts.wpe ? &params_[layout_.wpe.offset + p * layout_.C] : zeros_.data();
    for (std::size_t i = 0; i < layout_.C; ++i) a.rows[p * width + i] = tok_emb[i] + pos_emb[i];
  }
  std::fill(a.rows + n_ * width, a.rows + tiles_of(n_) * kTile * width, 0.0);
  kernels_.tiles_from_rows(a.embedding, a.rows, tiles_of(n_), layout_.C);
}

void ExactEngine::forward_layer(LayerActivations& layer, const LayerMatrices& weights,
                                double* out) {
  const std::size_t C = layout_.C, count = tiles_of(n_) * C * kTile;
  // 1) Multi-head attention block
  norm(layer.normed, layer.ms, layer.scale, layer.x);
  linear(layer.qkv, layer.normed, weights.qkv);
  kernels_.attention_forward(layer.attended, layer.exps, layer.total, layer.inverse, layer.qkv,
                             {C, layout_.H, n_, inverse_sqrt_head_dim_});
  linear(layer.x_mlp, layer.attended, weights.attn_wo);
  if (config_.parts.residual) kernels_.add(layer.x_mlp, layer.x_mlp, layer.x, count);
  // 2) MLP block
  norm(layer.normed_mlp, layer.ms_mlp, layer.scale_mlp, layer.x_mlp);
  linear(layer.hidden, layer.normed_mlp, weights.mlp_fc1);
  kernels_.activate(layer.activated, layer.hidden, 4 * count,
                    config_.activation == Activation::kReluSquared);
  linear(out, layer.activated, weights.mlp_fc2);
  if (config_.parts.residual) kernels_.add(out, out, layer.x_mlp, count);
}

// The losses and the gradients of the logits.
void ExactEngine::losses(std::span<const int> tokens, double dloss) {
  Activations& a = activations_;
  kernels_.cross_entropy(a.losses, a.dlogits, a.dtarget, a.logits, tokens.data() + 1, n_, layout_.V,
                         dloss);
}

void ExactEngine::backward(std::span<const int> tokens, Update update) {
  backward_lm_head(tokens, update);
  for (std::size_t l = layout_.L; l-- > 0;) {
    backward_layer(activations_.layers[l], layout_.layer(l), update);
  }
  backward_embedding(tokens, update);
}

// The target's row comes last, and is another one at each position.
void ExactEngine::backward_lm_head(std::span<const int> tokens, Update update) {
  Activations& a = activations_;
  const Matrix& lm_head = layout_.lm_head;
  linear_input(a.dx, a.dlogits, lm_head, last_row_first(lm_head.rows));
  const std::size_t width = padded(layout_.C);
  for (std::size_t p = 0; p < n_; ++p) {
    const auto target = static_cast<std::size_t>(tokens[p + 1]);
    std::copy_n(&params_[lm_head.offset + target * layout_.C], layout_.C, a.rows + p * width);
    a.dlogits[((p / kTile) * layout_.V + target) * kTile + p % kTile] = a.dtarget[p];
  }
  std::fill(a.rows + n_ * width, a.rows + tiles_of(n_) * kTile * width, 0.0);
  kernels_.tiles_from_rows(a.target_rows, a.rows, tiles_of(n_), layout_.C);
  kernels_.add_scaled(a.dx, a.target_rows, a.dtarget, tiles_of(n_), layout_.C);
  linear_weight(lm_head, a.dlogits, a.x_final, update);
}

// activations_.dx: of the layer's output, then of its input.
void ExactEngine::backward_layer(const LayerActivations& layer, const LayerMatrices& weights,
                                 Update update) {
  Activations& a = activations_;
  const std::size_t C = layout_.C;
  // 2) MLP block
  linear_input(a.dhidden, a.dx, weights.mlp_fc2, last_row_first(C));
  linear_weight(weights.mlp_fc2, a.dx, layer.activated, update);
  kernels_.activate_backward(a.dhidden, layer.hidden, tiles_of(n_) * 4 * C * kTile,
                             config_.activation == Activation::kReluSquared);
  normed_linear_input(a.dhidden, weights.mlp_fc1, last_row_first(4 * C), layer.x_mlp, layer.ms_mlp,
                      layer.scale_mlp);
  linear_weight(weights.mlp_fc1, a.dhidden, layer.normed_mlp, update);
  // 1) Multi-head attention block
  linear_input(a.dattended, a.dx, weights.attn_wo, last_row_first(C));
  linear_weight(weights.attn_wo, a.dx, layer.attended, update);
  kernels_.attention_backward(a.dqkv, a.attention_scratch, a.dattended, layer.exps, layer.total,
                              layer.inverse, layer.qkv, {C, layout_.H, n_, inverse_sqrt_head_dim_});
  normed_linear_input(a.dqkv, weights.qkv, qkv_order_.data(), layer.x, layer.ms, layer.scale);
  linear_weight(weights.qkv, a.dqkv, layer.normed, update);
}

void ExactEngine::backward_embedding(std::span<const int> tokens, Update update) {
  Activations& a = activations_;
  if (config_.parts.rmsnorm) {
    kernels_.rmsnorm_backward(a.dx, nullptr, a.dx, a.embedding, a.ms, a.scale, tiles_of(n_),
                              layout_.C);
  }
  kernels_.rows_from_tiles(a.rows, a.dx, tiles_of(n_), layout_.C);
  add_rows(layout_.wte, tokens.first(n_), update);
  add_rows(layout_.wpe, std::span(positions_).first(config_.parts.wpe ? n_ : 0), update);
}

// Adds activations_.rows to the gradients of an embedding, from the last position to the first, and
// updates it, used or not.
void ExactEngine::add_rows(const Matrix& w, std::span<const int> row_of_position, Update update) {
  double* const grads = update == nullptr ? &grads_[w.offset] : gradient_.data();
  if (update != nullptr) std::fill_n(grads, w.size(), 0.0);
  for (std::size_t p = row_of_position.size(); p-- > 0;) {
    double* const row = grads + static_cast<std::size_t>(row_of_position[p]) * w.cols;
    const double* const term = activations_.rows + p * padded(w.cols);
    for (std::size_t i = 0; i < w.cols; ++i) row[i] += term[i];
  }
  if (update == nullptr) return;
  kernels_.adam(&params_[w.offset], &m_[w.offset], &v_[w.offset], grads, w.size(), *update);
}

}  // namespace

std::unique_ptr<Engine> make_exact_engine(const Config& config) {
  config.check();
  check_memory("engine exact: the parameters",
               kParameterBytes * static_cast<double>(config.num_params()));
  return std::make_unique<ExactEngine>(config);
}

}  // namespace microgpt::exact
