#include "cpu/kernels/operations.h"
#include "cpu/kernels/simd.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

// Kingma and Ba 2015, algorithm 1.
struct Moments {
  Float m, v;
};

MICROGPT_INLINE Float adam_update(Moments& x, Float grad, const AdamConstants& k) {
  x.m = k.beta1 * x.m + k.one_minus_beta1 * grad;
  x.v = k.beta2 * x.v + k.one_minus_beta2 * (grad * grad);
  return k.learning_rate * (x.m * k.m_correction) / (sqrt(x.v * k.v_correction) + k.eps);
}

}  // namespace

void adam(float* params, float* m, float* v, float* grads, const AdamConstants& constants,
          std::size_t n) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Moments x{load(m + i), load(v + i)};
    store(params + i, load(params + i) - adam_update(x, load(grads + i), constants));
    store(m + i, x.m);
    store(v + i, x.v);
    store(grads + i, Float{});
  }
  if (const std::size_t left = n - i; left > 0) {
    Moments x{load_n(m + i, left), load_n(v + i, left)};
    const Float update = adam_update(x, load_n(grads + i, left), constants);
    store_n(params + i, load_n(params + i, left) - update, left);
    store_n(m + i, x.m, left);
    store_n(v + i, x.v, left);
    store_n(grads + i, Float{}, left);
  }
}

void sgd(float* params, float* grads, float learning_rate, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    params[i] -= learning_rate * grads[i];
    grads[i] = 0.0f;
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
