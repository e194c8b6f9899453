// What is done with a gradient: kept, or fed to Adam or SGD.
#pragma once

#include <cstddef>

#include "cpu/kernels/small.h"
#include "cpu/kernels/small_matrix.h"

namespace microgpt::cpu::MICROGPT_ISA {

// Adds gradients to those held.
struct AddGradient {
  float* grads;

  MICROGPT_INLINE void put(std::size_t place, Float gradient) const {
    store(grads + place, load(grads + place) + gradient);
  }
};

// Kingma and Ba 2015, algorithm 1, rearranged: see SmallAdam.
struct Adam {
  float *weights, *m, *v;
  Float one_minus_beta1, one_minus_beta2, rate, epsilon;

  MICROGPT_INLINE Adam(const SmallModel& model, const SmallAdam& step)
      : weights(model.weights),
        m(model.m),
        v(model.v),
        one_minus_beta1(splat(step.one_minus_beta1)),
        one_minus_beta2(splat(step.one_minus_beta2)),
        rate(splat(step.rate)),
        epsilon(splat(step.epsilon)) {}

  MICROGPT_INLINE void put(std::size_t place, Float gradient) const {
    // beta m + (1 - beta) g as m + (1 - beta) (g - m): a fused operation less.
    const Float old_m = load(m + place), old_v = load(v + place);
    const Float new_m = old_m + (gradient - old_m) * one_minus_beta1;
    const Float new_v = old_v + (gradient * gradient - old_v) * one_minus_beta2;
    store(m + place, new_m);
    store(v + place, new_v);
    store(weights + place, load(weights + place) - new_m * rate / (sqrt(new_v) + epsilon));
  }
};

struct Sgd {
  float* weights;
  float learning_rate;

  MICROGPT_INLINE void put(std::size_t place, Float gradient) const {
    store(weights + place, load(weights + place) - gradient * learning_rate);
  }
};

// Gives `size` gradients to sink and zeroes them.
template <class Sink>
MICROGPT_INLINE void put_all(float* grads, std::size_t size, const Sink& sink) {
  for (std::size_t i = 0; i < size; i += kLanes) {
    sink.put(i, load(grads + i));
    store(grads + i, Float{});
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
