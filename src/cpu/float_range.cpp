#include "cpu/float_range.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include "microgpt/error.h"

namespace microgpt::cpu {
namespace {

void check(std::string_view name, std::span<const double> values) {
  for (const double x : values) {
    if (std::abs(x) <= std::numeric_limits<float>::max()) continue;
    throw Error(
        fmt::format("engine cpu: {} is too large for float32, expected at most {:.3g}, got {:.3g}; "
                    "--engine exact takes it",
                    name, std::numeric_limits<float>::max(), x));
  }
}

}  // namespace

void check_float_range(const StateDict& state) {
  for (const Tensor& tensor : state.params) check(tensor.name, tensor.data);
  check("a moment of Adam", state.adam_m);
  check("a moment of Adam", state.adam_v);
}

}  // namespace microgpt::cpu
