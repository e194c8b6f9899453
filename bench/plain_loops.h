// microgpt in plain loops: the yardstick of the benchmarks.
#pragma once

#include <vector>

namespace plain_loops {

// The default model (n_embd 16, n_head 4, n_layer 1, block_size 16) in float32 as a careful port to
// C++ has it: one fused forward pass, a backward pass written by hand, Adam; sizes known when it is
// compiled, loops that a compiler vectorizes, no intrinsics, nothing batched, one thread.
class Model {
 public:
  explicit Model(int vocab_size);

  // All parameters in the order of microgpt.py's state_dict, row by row.
  std::vector<float>& params() { return params_; }
  // The gradients held: of the last call of loss_and_grad if no adam_step came after it.
  const std::vector<float>& grads() const { return grads_; }

  // The mean loss of documents (BOS, ids, BOS), in nats a token. Adds its gradients to those held.
  float loss_and_grad(const std::vector<int>* documents, int count);

  // Adam's update of a step that is counted from 0, with microgpt.py's constants; zeroes the
  // gradients.
  void adam_step(int step, float learning_rate);

 private:
  float document(const int* tokens, int n, float scale);

  int vocab_size_;
  std::vector<float> params_, grads_, m_, v_;
};

}  // namespace plain_loops
