// microgpt.py's arithmetic on plain floats: Value without its graph.
#pragma once

#include <cmath>
#include <cstddef>

#include "random/py_pow.h"

namespace microgpt::reference {

// The number that a Value of the same expression would hold, to the last bit.
class Number {
 public:
  explicit Number(double data) : data_(data) {}

  double data() const { return data_; }

  friend Number operator+(Number a, Number b) { return Number(a.data_ + b.data_); }
  friend Number operator*(Number a, Number b) { return Number(a.data_ * b.data_); }
  friend Number operator/(Number a, Number b) { return a * b.pow(-1.0); }
  friend Number operator+(Number a, double b) { return Number(a.data_ + b); }
  friend Number operator-(Number a, double b) { return Number(a.data_ + -b); }
  friend Number operator/(Number a, double b) { return Number(a.data_ * py_pow(b, -1.0)); }
  friend Number operator*(double a, Number b) { return Number(a * b.data_); }
  friend Number operator-(Number a) { return Number(a.data_ * -1.0); }

  // sum(a[i] * b[i] for i in range(n)), n > 0.
  friend Number dot(const Number* a, const Number* b, std::size_t n) {
    Number total = a[0] * b[0] + 0.0;
    for (std::size_t i = 1; i < n; ++i) total = total + a[i] * b[i];
    return total;
  }

  Number pow(double exponent) const { return Number(py_pow(data_, exponent)); }
  Number log() const { return Number(std::log(data_)); }
  Number exp() const { return Number(std::exp(data_)); }
  Number relu() const { return Number(data_ > 0 ? data_ : 0.0); }

 private:
  double data_;
};

}  // namespace microgpt::reference
