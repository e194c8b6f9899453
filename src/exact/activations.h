// What the forward pass of one sequence leaves for the backward pass, and room for the latter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "exact/layout.h"

namespace microgpt::exact {

// Shapes: kernels.h. `ms` and `scale` belong to the RMSNorm that makes the array before them.
struct LayerActivations {
  double *x, *normed, *ms, *scale;  // n_embd features: input, and after RMSNorm
  double* qkv;                      // 3 n_embd
  double *exps, *total, *inverse;   // the softmax of each head and query
  double* attended;                 // n_embd
  double *x_mlp, *normed_mlp, *ms_mlp, *scale_mlp;
  double *hidden, *activated;  // 4 n_embd, before and after the activation
};

// The arrays for n positions, cut out of one allocation that only grows.
class Activations {
 public:
  // Lays out all arrays anew; what they held is lost.
  // Throws Error: more memory is needed than there is.
  void resize(const Layout& layout, std::size_t n);

  double *embedding, *ms, *scale;  // wte + wpe; its RMSNorm makes layers[0].x
  std::vector<LayerActivations> layers;
  double* x_final;          // the last layer's output
  double *logits, *losses;  // vocab_size; one a position
  double *dlogits, *dtarget, *target_rows;

  double *dx, *dnormed, *dqkv, *dhidden, *dattended;
  double *attention_scratch, *rows;

 private:
  std::uint64_t lay_out(const Layout& layout, std::size_t n, double* begin);

  AlignedArray<double> memory_;
  std::size_t capacity_ = 0;
};

}  // namespace microgpt::exact
