// A tiny model's parameters, moments and gradients, in the order in which its kernels read them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "cpu/kernels/small.h"
#include "microgpt/config.h"

namespace microgpt::cpu {

// head_dim and n_embd rounded up to what there are kernels for.
int padded_head_dim(const Config& config);
int padded_n_embd(const Config& config);

class SmallState {
 public:
  explicit SmallState(const Config& config);

  const SmallModel& model() const { return model_; }
  float* grads() const { return grads_; }

  // Between an array of model().size floats and all parameters in the order of the parameter table.
  void write(float* array, std::span<const double> values) const;
  std::vector<double> read(const float* array) const;

 private:
  SmallModel model_;
  AlignedVector<float> memory_;
  float* grads_;
  std::vector<std::size_t> places_;  // of each parameter, in the order of the parameter table
};

}  // namespace microgpt::cpu
