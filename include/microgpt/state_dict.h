// The parameters of a model by name, in microgpt.py's order.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/random.h"

namespace microgpt {

// One matrix of parameters.
struct Tensor {
  std::string name;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<double> data;  // (rows, cols), row by row

  bool operator==(const Tensor&) const = default;
};

// Parameters in the order of microgpt.py's state_dict: wte, wpe, lm_head, then for each layer
// attn_wq, attn_wk, attn_wv, attn_wo, mlp_fc1, mlp_fc2. That order is also the order in which they
// are drawn at random, listed, saved and hashed.
struct StateDict {
  std::vector<Tensor> params;
  // Adam's moment buffers over all parameters, flattened in order; empty before the first step.
  std::vector<double> adam_m;
  std::vector<double> adam_v;

  bool operator==(const StateDict&) const = default;
};

// The parameter table of a model: names and shapes, with no data.
std::vector<Tensor> parameter_table(const Config& config);

// Draws all parameters from random.gauss(0, init_std). The first edition gives attn_wo and mlp_fc2
// a deviation of 0: the numbers are still drawn.
StateDict init_state_dict(const Config& config, const TrainConfig& train, PythonRandom& random);

// Throws Error, naming `where` and the parameter: names, order or shapes are not those of `config`,
// a value is not finite, or the moments have another length than the parameters.
void check_state_dict(const StateDict& state, const Config& config, const std::string& where);

// The parameters of a matrix rounded to float32. Throws Error naming it: one is too large.
std::vector<float> to_floats(const Tensor& tensor);

// All parameters in order.
std::vector<double> flatten(const StateDict& state);

// Lower-case hexadecimal SHA-256 over the little-endian doubles of all parameters in order.
std::string params_sha256(const StateDict& state);

}  // namespace microgpt
