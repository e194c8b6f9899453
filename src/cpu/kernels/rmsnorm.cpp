#include "cpu/kernels/operations.h"
#include "cpu/kernels/simd.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

constexpr float kEps = 1e-5f;

float dot(const float* a, const float* b, std::size_t n) {
  Float even{}, odd{};  // two sums, so that one addition need not wait for the other
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    even += load(a + i) * load(b + i);
    odd += load(a + i + kLanes) * load(b + i + kLanes);
  }
  for (; i + kLanes <= n; i += kLanes) even += load(a + i) * load(b + i);
  if (i < n) odd += load_n(a + i, n - i) * load_n(b + i, n - i);
  return sum_lanes(even + odd);
}

}  // namespace

void rmsnorm(float* y, float* scale, const float* x, std::size_t M, std::size_t C) {
  for (std::size_t m = 0; m < M; ++m, x += C, y += C) {
    const float s = 1.0f / __builtin_sqrtf(dot(x, x, C) / static_cast<float>(C) + kEps);
    scale[m] = s;
    for (std::size_t c = 0; c < C; ++c) y[c] = x[c] * s;
  }
}

// y_i = s x_i and ds/dx_j = -s^3 x_j / C, hence
//   dx_j = s dy_j - s^3 x_j / C sum_i(x_i dy_i) = s (dy_j - y_j mean_i(y_i dy_i)).
void rmsnorm_backward(float* dx, const float* dy, const float* y, const float* scale, std::size_t M,
                      std::size_t C) {
  for (std::size_t m = 0; m < M; ++m, dx += C, dy += C, y += C) {
    const float s = scale[m], mean = dot(y, dy, C) / static_cast<float>(C);
    for (std::size_t c = 0; c < C; ++c) dx[c] += s * (dy[c] - y[c] * mean);
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
