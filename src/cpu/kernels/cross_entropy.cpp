#include "cpu/kernels/operations.h"
#include "cpu/kernels/simd.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

float largest(const float* x, std::size_t n) {
  Float most = splat(x[0]);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) most = max(most, load(x + i));
  float result = max_lanes(most);
  for (; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

// Overwrites x with exp(x - shift), and returns the sum.
float exponentials(float* x, float shift, std::size_t n) {
  Float sum{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Float e = exp(load(x + i) - shift);
    store(x + i, e);
    sum += e;
  }
  float total = sum_lanes(sum);
  if (i < n) {
    const Float e = exp(load_n(x + i, n - i) - shift);
    store_n(x + i, e, n - i);
    for (std::size_t j = 0; j < n - i; ++j) total += e[j];
  }
  return total;
}

}  // namespace

// With p = softmax(logits), d(-log p_target) / dlogits = p - (1 at the target).
void cross_entropy(float* losses, float* logits, const int* targets, float weight, std::size_t M,
                   std::size_t V) {
  for (std::size_t m = 0; m < M; ++m, logits += V) {
    const auto target = static_cast<std::size_t>(targets[m]);
    const float logit = logits[target], most = largest(logits, V);
    const float sum = exponentials(logits, most, V);
    losses[m] = __builtin_logf(sum) + (most - logit);
    const float k = weight / sum;
    for (std::size_t v = 0; v < V; ++v) logits[v] *= k;
    logits[target] -= weight;
  }
}

}  // namespace microgpt::cpu::MICROGPT_ISA
