// Adam: Kingma and Ba 2015, algorithm 1, in the order of microgpt.py's operations.
#pragma once

#include "microgpt/engine.h"
#include "random/py_pow.h"

namespace microgpt::reference {

// What one step makes of one parameter.
struct AdamUpdate {
  double m, v;          // moments
  double m_hat, v_hat;  // corrected for their start at 0
  double update;        // what is taken from the parameter
  double data;          // the parameter after it
};

class Adam {
 public:
  explicit Adam(const OptimizerStep& step)
      : step_(step),
        m_correction_(1.0 - py_pow(step.beta1, static_cast<double>(step.step + 1))),
        v_correction_(1.0 - py_pow(step.beta2, static_cast<double>(step.step + 1))) {}

  // m and v are the moments before the step.
  AdamUpdate update(double data, double grad, double m, double v) const {
    const double square = step_.edition == Edition::kFirst ? grad * grad : py_pow(grad, 2.0);
    m = step_.beta1 * m + (1.0 - step_.beta1) * grad;
    v = step_.beta2 * v + (1.0 - step_.beta2) * square;
    const double m_hat = m / m_correction_;
    const double v_hat = v / v_correction_;
    const double update = step_.learning_rate * m_hat / (py_pow(v_hat, 0.5) + step_.eps_adam);
    return {m, v, m_hat, v_hat, update, data - update};
  }

 private:
  OptimizerStep step_;
  double m_correction_, v_correction_;
};

}  // namespace microgpt::reference
