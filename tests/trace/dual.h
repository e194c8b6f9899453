// Forward-mode derivatives: numbers that carry theirs along, by one parameter.
#pragma once

#include <cmath>
#include <cstddef>

namespace microgpt::test {

class Dual {
 public:
  explicit Dual(double data, double derivative = 0) : data_(data), derivative_(derivative) {}

  double data() const { return data_; }
  double derivative() const { return derivative_; }

  friend Dual operator+(Dual a, Dual b) {
    return Dual(a.data_ + b.data_, a.derivative_ + b.derivative_);
  }
  friend Dual operator*(Dual a, Dual b) {
    return Dual(a.data_ * b.data_, a.derivative_ * b.data_ + a.data_ * b.derivative_);
  }
  friend Dual operator/(Dual a, Dual b) { return a * b.pow(-1.0); }
  friend Dual operator+(Dual a, double b) { return Dual(a.data_ + b, a.derivative_); }
  friend Dual operator-(Dual a, double b) { return a + -b; }
  friend Dual operator*(double a, Dual b) { return Dual(a) * b; }
  friend Dual operator/(Dual a, double b) { return (1.0 / b) * a; }
  friend Dual operator-(Dual a) { return -1.0 * a; }

  friend Dual dot(const Dual* a, const Dual* b, std::size_t n) {
    Dual total(0);
    for (std::size_t i = 0; i < n; ++i) total = total + a[i] * b[i];
    return total;
  }

  Dual pow(double exponent) const {
    return Dual(std::pow(data_, exponent), exponent * std::pow(data_, exponent - 1) * derivative_);
  }
  Dual exp() const { return Dual(std::exp(data_), std::exp(data_) * derivative_); }
  Dual log() const { return Dual(std::log(data_), derivative_ / data_); }
  Dual relu() const { return data_ > 0 ? *this : Dual(0); }

 private:
  double data_, derivative_;
};

}  // namespace microgpt::test
