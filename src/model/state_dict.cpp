#include "microgpt/state_dict.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/sha256.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

bool is_zero_at_first(const std::string& name) {
  return name.ends_with(".attn_wo") || name.ends_with(".mlp_fc2");
}

std::uint64_t to_little_endian(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return std::endian::native == std::endian::little ? bits : __builtin_bswap64(bits);
}

void check_tensor(const Tensor& got, const Tensor& expected, const std::string& where) {
  if (got.name != expected.name) {
    throw Error(fmt::format("{}: parameters out of order, expected {}, got {}", where,
                            expected.name, got.name));
  }
  if (got.rows != expected.rows || got.cols != expected.cols ||
      got.data.size() != got.rows * got.cols) {
    throw Error(fmt::format(
        "{}: {} has the wrong shape, expected {} x {}, got {} x {} with {} values", where, got.name,
        expected.rows, expected.cols, got.rows, got.cols, got.data.size()));
  }
}

void check_finite(const std::vector<double>& data, const std::string& name,
                  const std::string& where) {
  for (const double x : data) {
    if (!std::isfinite(x)) {
      throw Error(
          fmt::format("{}: {} is damaged, expected finite numbers, got {}", where, name, x));
    }
  }
}

}  // namespace

std::vector<Tensor> parameter_table(const Config& config) {
  const auto C = static_cast<std::size_t>(config.n_embd);
  const auto V = static_cast<std::size_t>(config.vocab_size);
  std::vector<Tensor> table = {{"wte", V, C, {}},
                               {"wpe", static_cast<std::size_t>(config.block_size), C, {}},
                               {"lm_head", V, C, {}}};
  for (int i = 0; i < config.n_layer; ++i) {
    const std::string layer = fmt::format("layer{}.", i);
    for (const char* name : {"attn_wq", "attn_wk", "attn_wv", "attn_wo"}) {
      table.push_back({layer + name, C, C, {}});
    }
    table.push_back({layer + "mlp_fc1", 4 * C, C, {}});
    table.push_back({layer + "mlp_fc2", C, 4 * C, {}});
  }
  return table;
}

StateDict init_state_dict(const Config& config, const TrainConfig& train, PythonRandom& random) {
  StateDict state{parameter_table(config), {}, {}};
  for (Tensor& tensor : state.params) {
    const bool zero = train.edition == Edition::kFirst && is_zero_at_first(tensor.name);
    tensor.data.resize(tensor.rows * tensor.cols);
    for (double& x : tensor.data) x = random.gauss(0.0, zero ? 0.0 : train.init_std);
  }
  return state;
}

void check_state_dict(const StateDict& state, const Config& config, const std::string& where) {
  const std::vector<Tensor> table = parameter_table(config);
  if (state.params.size() != table.size()) {
    throw Error(fmt::format("{}: wrong number of parameter matrices, expected {}, got {}", where,
                            table.size(), state.params.size()));
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    check_tensor(state.params[i], table[i], where);
    check_finite(state.params[i].data, table[i].name, where);
  }
  for (const auto* moments : {&state.adam_m, &state.adam_v}) {
    const std::string_view name = moments == &state.adam_m ? "adam_m" : "adam_v";
    if (!moments->empty() && moments->size() != config.num_params()) {
      throw Error(fmt::format("{}: {} has the wrong length, expected {} or none, got {}", where,
                              name, config.num_params(), moments->size()));
    }
    check_finite(*moments, std::string(name), where);
  }
  if (state.adam_m.size() != state.adam_v.size()) {
    throw Error(fmt::format("{}: adam_m and adam_v differ in length, got {} and {}", where,
                            state.adam_m.size(), state.adam_v.size()));
  }
}

std::vector<float> to_floats(const Tensor& tensor) {
  constexpr double kMost = std::numeric_limits<float>::max();
  std::vector<float> floats;
  floats.reserve(tensor.data.size());
  for (const double x : tensor.data) {
    if (std::abs(x) > kMost) {
      throw Error(fmt::format("{}: too large for float32, expected at most {:.6g}, got {}",
                              tensor.name, kMost, x));
    }
    floats.push_back(static_cast<float>(x));
  }
  return floats;
}

std::vector<double> flatten(const StateDict& state) {
  std::vector<double> flat;
  for (const Tensor& tensor : state.params) {
    flat.insert(flat.end(), tensor.data.begin(), tensor.data.end());
  }
  return flat;
}

std::string params_sha256(const StateDict& state) {
  std::vector<std::uint64_t> words;
  for (const Tensor& tensor : state.params) {
    for (const double x : tensor.data) words.push_back(to_little_endian(x));
  }
  return sha256_hex({reinterpret_cast<const char*>(words.data()), words.size() * sizeof(words[0])});
}

}  // namespace microgpt
