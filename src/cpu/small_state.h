// A tiny model's parameters, moments and gradients, in the order in which its kernels read them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cpu/kernels/small.h"
#include "microgpt/config.h"

namespace microgpt::cpu {

// Floats at the beginning of a cache line.
class AlignedFloats {
 public:
  explicit AlignedFloats(std::size_t size);  // all zero

  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float[], Free> data_;
};

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
  AlignedFloats memory_;
  float* grads_;
  std::vector<std::size_t> places_;  // of each parameter, in the order of the parameter table
};

}  // namespace microgpt::cpu
