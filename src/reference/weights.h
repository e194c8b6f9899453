// The flat list of all parameters as the matrices of a model.
#pragma once

#include <cstddef>

#include "microgpt/config.h"
#include "reference/gpt.h"

namespace microgpt::reference {

// Cuts the flat list of all parameters into matrices, in the order of the parameter table.
// parameter(i) makes the i-th one.
template <class T, class Parameter>
class WeightReader {
 public:
  explicit WeightReader(Parameter parameter) : parameter_(parameter) {}

  Weights<T> weights(const Config& config) {
    const auto C = static_cast<std::size_t>(config.n_embd);
    const auto V = static_cast<std::size_t>(config.vocab_size);
    Weights<T> w{
        matrix(V, C), matrix(static_cast<std::size_t>(config.block_size), C), matrix(V, C), {}};
    for (int i = 0; i < config.n_layer; ++i) {
      w.layers.push_back({matrix(C, C), matrix(C, C), matrix(C, C), matrix(C, C), matrix(4 * C, C),
                          matrix(C, 4 * C)});
    }
    return w;
  }

 private:
  // Braces evaluate these calls from left to right.
  Matrix<T> matrix(std::size_t rows, std::size_t cols) {
    return map(rows, [&](std::size_t) {
      return map(cols, [&](std::size_t) { return parameter_(next_++); });
    });
  }

  Parameter parameter_;
  std::size_t next_ = 0;
};

template <class T, class Parameter>
Weights<T> read_weights(const Config& config, Parameter parameter) {
  return WeightReader<T, Parameter>(parameter).weights(config);
}

}  // namespace microgpt::reference
