#include "cpu/kernels/operations.h"
#include "cpu/kernels/simd.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

constexpr std::size_t kRows = 4;  // read at a time, so that x is loaded once for them

// kCount rows of w times x.
template <std::size_t kCount>
MICROGPT_INLINE void dot_rows(float (&y)[kCount], const float* w, std::size_t ldw, const float* x,
                              std::size_t K) {
  Float sums[kCount]{};
  std::size_t k = 0;
  for (; k + kLanes <= K; k += kLanes) {
    const Float xk = load(x + k);
    for (std::size_t r = 0; r < kCount; ++r) sums[r] += load(w + r * ldw + k) * xk;
  }
  if (k < K) {
    const Float xk = load_n(x + k, K - k);
    for (std::size_t r = 0; r < kCount; ++r) sums[r] += load_n(w + r * ldw + k, K - k) * xk;
  }
  for (std::size_t r = 0; r < kCount; ++r) y[r] = sum_lanes(sums[r]);
}

MICROGPT_INLINE float finish(float sum, Epilogue epilogue) {
  if (epilogue == Epilogue::kNone) return sum;
  const float r = sum > 0.0f ? sum : 0.0f;
  return epilogue == Epilogue::kRelu ? r : r * r;
}

template <std::size_t kCount>
MICROGPT_INLINE void outputs(const Matmul& m, std::size_t n) {
  float y[kCount];
  dot_rows<kCount>(y, m.b.data + n * m.b.col, m.b.col, m.a.data, m.K);
  for (std::size_t r = 0; r < kCount; ++r) {
    const float sum = m.add == nullptr ? y[r] : y[r] + m.add[n + r];
    m.c[n + r] = finish(sum, m.epilogue);
  }
}

}  // namespace

void matvec(const Matmul& m) {
  std::size_t n = 0;
  for (; n + kRows <= m.N; n += kRows) outputs<kRows>(m, n);
  for (; n < m.N; ++n) outputs<1>(m, n);
}

}  // namespace microgpt::cpu::MICROGPT_ISA
