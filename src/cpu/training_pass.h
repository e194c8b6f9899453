// The loss of a batch and its gradients.
#pragma once

#include <cstddef>
#include <vector>

#include "cpu/kernel_runner.h"
#include "cpu/weights.h"
#include "microgpt/engine.h"

namespace microgpt::cpu {

// All sequences of a batch stand one after another in matrices of M rows, one for each token that
// predicts: nothing is padded, and only attention knows where a sequence begins. The activations
// live in one buffer that grows with the largest batch.
class TrainingPass {
 public:
  TrainingPass(const Config& config, KernelRunner& runner);

  // Adds the gradients of the loss to grads and returns the loss, both as Engine::loss_and_grad
  // does. Throws Error: see there, and memory for the activations; nothing has been added then.
  double run(Batch batch, std::size_t num_tokens, const Weights<const float>& weights,
             const Weights<float>& grads);

 private:
  using LayerWeights = Weights<const float>::Layer;
  using LayerGrads = Weights<float>::Layer;

  struct Sequence {
    std::size_t begin, size;  // rows
  };

  // What the backward pass of a layer needs to know of the forward pass.
  struct LayerActivations {
    float *attn_norm, *attn_scale;  // (M, C), (M): rmsnorm before attention
    float* qkv;                     // (M, 3C)
    Softmax* softmax;               // (H, M)
    float* attn;                    // (M, C): all heads, before attn_wo
    float *mlp_norm, *mlp_scale;    // (M, C), (M): rmsnorm before the MLP
    float* hidden;                  // (M, 4C): after the activation
  };

  void read(Batch batch);
  void append(const std::vector<int>& tokens);
  void allocate();
  std::size_t rows_of_logits() const;

  void embed(const Weights<const float>& weights);
  void forward(const LayerWeights& weights, const LayerActivations& act);
  double predict(const Weights<const float>& weights, const Weights<float>& grads, float weight);
  void backward(const LayerWeights& weights, const LayerGrads& grads, const LayerActivations& act);
  void embed_backward(const Weights<float>& grads);

  void attention(const LayerActivations& act);
  void attention_backward(const LayerActivations& act);
  Attention head(const LayerActivations& act, const Sequence& sequence, std::size_t h) const;

  // dw (N, K) += dy (M, N)^T x (M, K).
  void add_weight_grad(float* dw, const float* dy, const float* x, std::size_t M, std::size_t N,
                       std::size_t K);
  // dx (M, K) = dy (M, N) w (N, K).
  void input_grad(float* dx, const float* dy, const float* w, std::size_t M, std::size_t N,
                  std::size_t K, Epilogue epilogue = Epilogue::kNone,
                  const float* activated = nullptr);

  Config config_;
  Sizes sizes_;
  Epilogue activation_, activation_backward_;
  KernelRunner& runner_;

  std::size_t M_ = 0;
  std::vector<int> tokens_, targets_, positions_;  // (M)
  std::vector<Sequence> sequences_;

  FloatBuffer buffer_;
  float *embedded_ = nullptr, *embedded_scale_ = nullptr;  // (M, C), (M): after the first rmsnorm
  float* x_ = nullptr;                                     // (M, C): the residual stream
  float* dx_ = nullptr;                                    // (M, C): its gradient
  float* dnorm_ =
      nullptr;  // (M, C): gradient of what goes into, or comes out of, a block's products
  float* dwide_ = nullptr;   // (M, 4C): of qkv, and of the hidden layer
  float* logits_ = nullptr;  // (rows_of_logits(), V)
  float* losses_ = nullptr;  // (M)
  std::vector<LayerActivations> layers_;
};

}  // namespace microgpt::cpu
