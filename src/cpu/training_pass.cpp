#include "cpu/training_pass.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "model/engine_input.h"

namespace microgpt::cpu {
namespace {

constexpr std::size_t kLogits = 1 << 24;   // held at a time, if that is more than a few rows
constexpr std::size_t kEmbedRows = 64;     // of a task
constexpr std::size_t kEmbedColumns = 64;  // of a task, where tasks must not share a row

// Cuts a buffer into matrices that begin at cache lines. Without a buffer it only measures.
class Layout {
 public:
  explicit Layout(float* data) : data_(data) {}

  float* take(std::size_t rows, std::size_t cols) {
    float* matrix = data_ == nullptr ? nullptr : data_ + size_;
    size_ += round_up(rows * cols + kSlack, 16);
    return matrix;
  }

  std::size_t size() const { return size_; }

 private:
  float* data_;
  std::size_t size_ = 0;
};

}  // namespace

TrainingPass::TrainingPass(const Config& config, KernelRunner& runner)
    : config_(config), sizes_(config), runner_(runner), layers_(sizes_.L) {
  const bool squared = config.activation == Activation::kReluSquared;
  activation_ = squared ? Epilogue::kReluSquared : Epilogue::kRelu;
  activation_backward_ = squared ? Epilogue::kReluSquaredBackward : Epilogue::kReluBackward;
}

double TrainingPass::run(Batch batch, std::size_t num_tokens, const Weights<const float>& weights,
                         const Weights<float>& grads) {
  read(batch);
  allocate();
  const auto n = static_cast<double>(num_tokens > 0 ? num_tokens : M_);
  embed(weights);
  for (std::size_t l = 0; l < sizes_.L; ++l) forward(weights.layers[l], layers_[l]);
  const double sum = predict(weights, grads, static_cast<float>(1.0 / n));
  for (std::size_t l = sizes_.L; l-- > 0;) backward(weights.layers[l], grads.layers[l], layers_[l]);
  embed_backward(grads);
  return sum / n;
}

// ---- The batch, and memory for it ----

void TrainingPass::read(Batch batch) {
  check_batch(config_, batch);
  M_ = 0;
  for (auto* rows : {&tokens_, &targets_, &positions_}) rows->clear();
  sequences_.clear();
  for (const std::vector<int>& tokens : batch) append(tokens);
}

void TrainingPass::append(const std::vector<int>& tokens) {
  const std::size_t n = count_predicted(config_, tokens);
  const auto end = tokens.begin() + static_cast<std::ptrdiff_t>(n);
  tokens_.insert(tokens_.end(), tokens.begin(), end);
  targets_.insert(targets_.end(), tokens.begin() + 1, end + 1);
  positions_.resize(M_ + n);
  std::iota(positions_.end() - static_cast<std::ptrdiff_t>(n), positions_.end(), 0);
  sequences_.push_back({M_, n});
  M_ += n;
}

// All, or as many whole tiles as kLogits are enough for.
std::size_t TrainingPass::rows_of_logits() const {
  return std::min(M_, std::max(kLogits / sizes_.V / kRowTile, std::size_t{1}) * kRowTile);
}

void TrainingPass::allocate() {
  const std::size_t C = sizes_.C;
  const auto lay_out = [&](Layout layout) {
    embedded_ = layout.take(M_, C), embedded_scale_ = layout.take(M_, 1);
    x_ = layout.take(M_, C), dx_ = layout.take(M_, C);
    dnorm_ = layout.take(M_, C), dwide_ = layout.take(M_, 4 * C);
    logits_ = layout.take(rows_of_logits(), sizes_.V), losses_ = layout.take(M_, 1);
    for (LayerActivations& act : layers_) {
      act.attn_norm = layout.take(M_, C), act.attn_scale = layout.take(M_, 1);
      act.qkv = layout.take(M_, 3 * C);
      act.softmax = reinterpret_cast<Softmax*>(layout.take(sizes_.H, 2 * M_));
      act.attn = layout.take(M_, C);
      act.mlp_norm = layout.take(M_, C), act.mlp_scale = layout.take(M_, 1);
      act.hidden = layout.take(M_, 4 * C);
    }
    return layout.size();
  };
  const std::size_t size = lay_out(Layout(nullptr));
  if (size > buffer_.size()) {
    buffer_ = FloatBuffer();  // not both at a time
    buffer_ = FloatBuffer("engine cpu: the activations of a batch", size);
  }
  lay_out(Layout(buffer_.data()));
}

// ---- Forward ----

void TrainingPass::embed(const Weights<const float>& weights) {
  const std::size_t C = sizes_.C;
  runner_.for_parts(M_, kEmbedRows, [&](std::size_t begin, std::size_t end) {
    runner_.kernels().embed(dx_ + begin * C, weights.wte, weights.wpe, tokens_.data() + begin,
                            positions_.data() + begin, end - begin, C);
  });
  runner_.rmsnorm(embedded_, embedded_scale_, dx_, M_, C);
  std::copy_n(embedded_, M_ * C, x_);
}

void TrainingPass::forward(const LayerWeights& weights, const LayerActivations& act) {
  const std::size_t C = sizes_.C;
  // 1) Multi-head attention block
  runner_.rmsnorm(act.attn_norm, act.attn_scale, x_, M_, C);
  runner_.linear(act.qkv, act.attn_norm, weights.attn_wqkv, M_, 3 * C, C);
  attention(act);
  runner_.linear(x_, act.attn, weights.attn_wo, M_, C, C, x_);
  // 2) MLP block
  runner_.rmsnorm(act.mlp_norm, act.mlp_scale, x_, M_, C);
  runner_.linear(act.hidden, act.mlp_norm, weights.mlp_fc1, M_, 4 * C, C, nullptr, activation_);
  runner_.linear(x_, act.hidden, weights.mlp_fc2, M_, C, 4 * C, x_);
}

Attention TrainingPass::head(const LayerActivations& act, const Sequence& sequence,
                             std::size_t h) const {
  const std::size_t C = sizes_.C, D = sizes_.D;
  const float* q = act.qkv + sequence.begin * 3 * C + h * D;
  return {.T = sequence.size,
          .head_dim = D,
          .q = q,
          .k = q + C,
          .v = q + 2 * C,
          .ldq = 3 * C,
          .ldk = 3 * C,
          .ldv = 3 * C,
          .out = act.attn + sequence.begin * C + h * D,
          .ldout = C,
          .softmax = act.softmax + h * M_ + sequence.begin};
}

void TrainingPass::attention(const LayerActivations& act) {
  const std::size_t H = sizes_.H;
  runner_.for_tasks(sequences_.size() * H, [&](std::size_t task, float* scratch) {
    runner_.kernels().attention(head(act, sequences_[task / H], task % H), scratch);
  });
}

// The loss over all rows (not divided), and its gradient with respect to x_ in dx_. Both happen by
// blocks of rows, so that the logits of a large vocabulary need not be held at once.
double TrainingPass::predict(const Weights<const float>& weights, const Weights<float>& grads,
                             float weight) {
  const std::size_t C = sizes_.C, V = sizes_.V;
  const std::size_t block = rows_of_logits();
  for (std::size_t begin = 0; begin < M_; begin += block) {
    const std::size_t rows = std::min(block, M_ - begin);
    const float* x = x_ + begin * C;
    runner_.linear(logits_, x, weights.lm_head, rows, V, C);
    runner_.for_parts(rows, kRowTile, [&](std::size_t first, std::size_t end) {
      const std::size_t row = begin + first;
      runner_.kernels().cross_entropy(losses_ + row, logits_ + first * V, targets_.data() + row,
                                      weight, end - first, V);
    });
    input_grad(dx_ + begin * C, logits_, weights.lm_head, rows, V, C);
    add_weight_grad(grads.lm_head, logits_, x, rows, V, C);
  }
  return std::accumulate(losses_, losses_ + M_, 0.0);
}

// ---- Backward ----

void TrainingPass::add_weight_grad(float* dw, const float* dy, const float* x, std::size_t M,
                                   std::size_t N, std::size_t K) {
  runner_.matmul({.M = N,
                  .N = K,
                  .K = M,
                  .a = transposed(dy, N),
                  .b = row_major(x, K),
                  .c = dw,
                  .ldc = K,
                  .add = dw});
}

void TrainingPass::input_grad(float* dx, const float* dy, const float* w, std::size_t M,
                              std::size_t N, std::size_t K, Epilogue epilogue,
                              const float* activated) {
  runner_.matmul({.M = M,
                  .N = K,
                  .K = N,
                  .a = row_major(dy, N),
                  .b = row_major(w, K),
                  .c = dx,
                  .ldc = K,
                  .epilogue = epilogue,
                  .activated = activated});
}

void TrainingPass::backward(const LayerWeights& weights, const LayerGrads& grads,
                            const LayerActivations& act) {
  const std::size_t C = sizes_.C;
  // 2) MLP block
  input_grad(dwide_, dx_, weights.mlp_fc2, M_, C, 4 * C, activation_backward_, act.hidden);
  add_weight_grad(grads.mlp_fc2, dx_, act.hidden, M_, C, 4 * C);
  input_grad(dnorm_, dwide_, weights.mlp_fc1, M_, 4 * C, C);
  add_weight_grad(grads.mlp_fc1, dwide_, act.mlp_norm, M_, 4 * C, C);
  runner_.rmsnorm_backward(dx_, dnorm_, act.mlp_norm, act.mlp_scale, M_, C);
  // 1) Multi-head attention block
  input_grad(dnorm_, dx_, weights.attn_wo, M_, C, C);
  add_weight_grad(grads.attn_wo, dx_, act.attn, M_, C, C);
  attention_backward(act);
  input_grad(dnorm_, dwide_, weights.attn_wqkv, M_, 3 * C, C);
  add_weight_grad(grads.attn_wqkv, dwide_, act.attn_norm, M_, 3 * C, C);
  runner_.rmsnorm_backward(dx_, dnorm_, act.attn_norm, act.attn_scale, M_, C);
}

// dnorm_ holds the gradient of the heads' results, dwide_ receives that of q, k and v.
void TrainingPass::attention_backward(const LayerActivations& act) {
  const std::size_t C = sizes_.C, H = sizes_.H, D = sizes_.D;
  runner_.for_tasks(sequences_.size() * H, [&](std::size_t task, float* scratch) {
    const Sequence& sequence = sequences_[task / H];
    const std::size_t h = task % H;
    float* dq = dwide_ + sequence.begin * 3 * C + h * D;
    runner_.kernels().attention_backward(head(act, sequence, h),
                                         dnorm_ + sequence.begin * C + h * D, dq, dq + C,
                                         dq + 2 * C, 3 * C, scratch);
  });
}

void TrainingPass::embed_backward(const Weights<float>& grads) {
  const std::size_t C = sizes_.C;
  std::fill_n(dnorm_, M_ * C, 0.0f);
  runner_.rmsnorm_backward(dnorm_, dx_, embedded_, embedded_scale_, M_, C);
  runner_.for_parts(C, kEmbedColumns, [&](std::size_t begin, std::size_t end) {
    runner_.kernels().embed_backward(grads.wte, dnorm_, tokens_.data(), M_, C, begin, end);
    runner_.kernels().embed_backward(grads.wpe, dnorm_, positions_.data(), M_, C, begin, end);
  });
}

}  // namespace microgpt::cpu
