// Gradients found by trying: what any gradient that was worked out can be held against.
#pragma once

#include <vector>

namespace microgpt {

// The derivative of f(x) by each x[i], by central differences:
//
//   (f(x + eps e_i) - f(x - eps e_i)) / (2 eps) = df/dx[i] + eps^2 / 6 d^3f/dx[i]^3 + ...
//
// which rounding puts off by some 1e-16 |f| / eps more, so that eps of about 1e-5 serves best.
//   f: takes a const std::vector<double>& of x's size, returns a double; is called twice for each
//   i.
template <class F>
std::vector<double> numerical_gradient(F f, std::vector<double> x, double eps) {
  std::vector<double> gradient;
  gradient.reserve(x.size());
  for (double& xi : x) {
    const double middle = xi;
    xi = middle + eps;
    const double above = f(x);
    xi = middle - eps;
    const double below = f(x);
    xi = middle;
    gradient.push_back((above - below) / (2 * eps));
  }
  return gradient;
}

}  // namespace microgpt
