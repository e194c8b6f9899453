// Adam, in the order of microgpt.py's operations (Kingma and Ba 2015, algorithm 1).
#include "exact/kernels/math.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {

void adam(double* params, double* m, double* v, const double* grads, std::size_t count,
          const AdamConstants& constants) {
  for (std::size_t i = 0; i < count; ++i) {
    const double grad = grads[i];
    const double square = constants.square_is_product ? grad * grad : py_pow(grad, 2.0);
    m[i] = constants.beta1 * m[i] + constants.one_minus_beta1 * grad;
    v[i] = constants.beta2 * v[i] + constants.one_minus_beta2 * square;
    const double m_hat = m[i] / constants.m_correction;
    const double v_hat = v[i] / constants.v_correction;
    const double root = py_pow(v_hat, 0.5) + constants.eps_adam;
    params[i] = params[i] - constants.learning_rate * m_hat / root;
  }
}

}  // namespace microgpt::exact::MICROGPT_ISA
