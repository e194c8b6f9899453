// Adam, in the order of microgpt.py's operations (Kingma and Ba 2015, algorithm 1).
#include "exact/kernels/math.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {
namespace {

void adam_one_by_one(double* params, double* m, double* v, const double* grads, std::size_t count,
                     const AdamConstants& k) {
  for (std::size_t i = 0; i < count; ++i) {
    const double grad = grads[i];
    const double square = k.square_is_product ? grad * grad : py_pow(grad, 2.0);
    m[i] = k.beta1 * m[i] + k.one_minus_beta1 * grad;
    v[i] = k.beta2 * v[i] + k.one_minus_beta2 * square;
    const double m_hat = m[i] / k.m_correction;
    const double v_hat = v[i] / k.v_correction;
    params[i] = params[i] - k.learning_rate * m_hat / (py_pow(v_hat, 0.5) + k.eps_adam);
  }
}

#ifdef MICROGPT_SQUARE_IS_KNOWN

constexpr std::size_t kChunk = 512;

// Where libm must be asked: indices into a chunk. Appends first + i for each set bit i of the mask,
// without a branch, and returns the new end. Eight may be written.
MICROGPT_INLINE std::uint32_t* append(std::uint32_t* end, Mask8 mask, std::size_t first) {
#if defined(MICROGPT_ISA_avx512)
  const __m256i lanes = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                         _mm256_set1_epi32(static_cast<int>(first)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(end),
                      _mm256_maskz_compress_epi32(mask.bits, lanes));
  return end + __builtin_popcount(mask.bits);
#else
  const unsigned bits = bits_of(mask);
  for (std::uint32_t i = 0; i < 8; ++i) {
    *end = static_cast<std::uint32_t>(first) + i;
    end += bits >> i & 1;
  }
  return end;
#endif
}

// The doubles on both sides of x > 0.
MICROGPT_INLINE double before(double x) {
  return __builtin_bit_cast(double, __builtin_bit_cast(std::uint64_t, x) - 1);
}
MICROGPT_INLINE double after(double x) {
  return __builtin_bit_cast(double, __builtin_bit_cast(std::uint64_t, x) + 1);
}

// libm's pow is within an ulp of the exact value, so that it returns the double at hand, which is
// the nearest, or one of its neighbours. Where both neighbours lead to the same v, or the same
// parameter, so does whatever lies between them, because products, quotients, sums and their
// rounding are monotonic: only elsewhere is libm called.

void ask_for_squares(double* squares, const double* grads, const double* v,
                     const std::uint32_t* index, const std::uint32_t* end, const AdamConstants& k) {
  for (; index != end; ++index) {
    const double old = k.beta2 * v[*index], square = squares[*index];
    const double low = old + k.one_minus_beta2 * before(square);
    const double high = old + k.one_minus_beta2 * after(square);
    if (low != high) squares[*index] = libm_pow(grads[*index], 2.0);
  }
}

void ask_for_roots(double* roots, const double* v_hat, const double* params, const double* m,
                   const std::uint32_t* index, const std::uint32_t* end, const AdamConstants& k) {
  for (; index != end; ++index) {
    const double param = params[*index], root = roots[*index];
    const double step = k.learning_rate * (m[*index] / k.m_correction);
    const double low = param - step / (before(root) + k.eps_adam);
    const double high = param - step / (after(root) + k.eps_adam);
    if (low != high) roots[*index] = libm_pow(v_hat[*index], 0.5);
  }
}

// Of a chunk, each pass by itself so that its constants fit into registers; what lies between them
// stays in the first-level cache. Those that return a list's end leave there what libm must be
// asked.

std::uint32_t* square_pass(double* squares, std::uint32_t* unknown, const double* grads,
                           std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 grad = load(grads + i);
    const Double8 square = grad * grad;
    store(squares + i, square);
    unknown = append(unknown, is_unknown_square(square, grad), i);
  }
  return unknown;
}

std::uint32_t* root_pass(double* roots, double* v_hat, double* m, double* v, std::uint32_t* unknown,
                         const double* grads, const double* squares, std::size_t count,
                         const AdamConstants& k) {
  const Double8 beta1 = splat(k.beta1), beta2 = splat(k.beta2);
  const Double8 one_minus_beta1 = splat(k.one_minus_beta1);
  const Double8 one_minus_beta2 = splat(k.one_minus_beta2);
  const Double8 v_correction = splat(k.v_correction);
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 v_i = beta2 * load(v + i) + one_minus_beta2 * load(squares + i);
    const Double8 v_hat_i = v_i / v_correction;
    const Double8 root = sqrt(v_hat_i);
    store(m + i, beta1 * load(m + i) + one_minus_beta1 * load(grads + i));
    store(v + i, v_i);
    store(v_hat + i, v_hat_i);
    store(roots + i, root);
    unknown = append(unknown, is_unknown_sqrt(root, v_hat_i), i);
  }
  return unknown;
}

void update_pass(double* params, const double* m, const double* roots, std::size_t count,
                 const AdamConstants& k) {
  const Double8 learning_rate = splat(k.learning_rate), eps_adam = splat(k.eps_adam);
  const Double8 m_correction = splat(k.m_correction);
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 m_hat = load(m + i) / m_correction;
    const Double8 update = learning_rate * m_hat / (load(roots + i) + eps_adam);
    store(params + i, load(params + i) - update);
  }
}

void adam_chunk(double* params, double* m, double* v, const double* grads, std::size_t count,
                const AdamConstants& k) {
  alignas(64) double squares[kChunk + 8], v_hat[kChunk + 8], roots[kChunk + 8];
  std::uint32_t unknown[kChunk + 8];
  if (k.square_is_product) {
    for (std::size_t i = 0; i < count; ++i) squares[i] = grads[i] * grads[i];
  } else {
    ask_for_squares(squares, grads, v, unknown, square_pass(squares, unknown, grads, count), k);
  }
  ask_for_roots(roots, v_hat, params, m, unknown,
                root_pass(roots, v_hat, m, v, unknown, grads, squares, count, k), k);
  update_pass(params, m, roots, count, k);
}

#endif

}  // namespace

void adam(double* params, double* m, double* v, const double* grads, std::size_t count,
          const AdamConstants& constants) {
  std::size_t i = 0;
#ifdef MICROGPT_SQUARE_IS_KNOWN
  while (i + 8 <= count) {
    const std::size_t size = count - i < kChunk ? (count - i) / 8 * 8 : kChunk;
    adam_chunk(params + i, m + i, v + i, grads + i, size, constants);
    i += size;
  }
#endif
  adam_one_by_one(params + i, m + i, v + i, grads + i, count - i, constants);
}

}  // namespace microgpt::exact::MICROGPT_ISA
