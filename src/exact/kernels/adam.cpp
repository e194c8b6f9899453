// Adam, in the order of microgpt.py's operations (Kingma and Ba 2015, algorithm 1).
#include "exact/kernels/math.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {
namespace {

void update_moments(double* m, double* v, const double* grads, std::size_t count,
                    const AdamConstants& k) {
  for (std::size_t i = 0; i < count; ++i) {
    const double grad = grads[i];
    const double square = k.square_is_product ? grad * grad : py_pow(grad, 2.0);
    m[i] = k.beta1 * m[i] + k.one_minus_beta1 * grad;
    v[i] = k.beta2 * v[i] + k.one_minus_beta2 * square;
  }
}

void update_params(double* params, const double* m, const double* v, std::size_t count,
                   const AdamConstants& k) {
  for (std::size_t i = 0; i < count; ++i) {
    const double m_hat = m[i] / k.m_correction;
    const double v_hat = v[i] / k.v_correction;
    params[i] = params[i] - k.learning_rate * m_hat / (py_pow(v_hat, 0.5) + k.eps_adam);
  }
}

#ifdef MICROGPT_LIBM_IS_KNOWN

constexpr std::size_t kChunk = 512;

// Where libm must be asked: indices into a chunk, collected without a branch for each.
class Unknown {
 public:
  MICROGPT_INLINE void add(Mask8 mask, std::size_t first) {
#if defined(MICROGPT_ISA_avx512)
    const __m256i lanes = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                           _mm256_set1_epi32(static_cast<int>(first)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(index_ + count_),
                        _mm256_maskz_compress_epi32(static_cast<__mmask8>(mask.bits), lanes));
    count_ += static_cast<std::size_t>(__builtin_popcount(mask.bits));
#else
    for (unsigned bits = mask.bits; bits != 0; bits &= bits - 1) {
      index_[count_++] =
          static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(__builtin_ctz(bits));
    }
#endif
  }

  // values[i] = x[i] ** y at each index; forgets them.
  void ask(double* values, const double* x, double y) {
    for (std::size_t i = 0; i < count_; ++i) values[index_[i]] = libm_pow(x[index_[i]], y);
    count_ = 0;
  }

 private:
  std::uint32_t index_[kChunk + 8];
  std::size_t count_ = 0;
};

// Division by one and the same d, to the last bit. With y = 1 / d rounded to nearest, each step
// q + y (x - q d) brings q closer; from a q within an ulp of x / d it gives x / d rounded to
// nearest (Markstein 1990), and the first step has brought it there. x - q d is exact unless it
// underflows, so that x must not be tiny.
struct Divisor {
  explicit Divisor(double divisor) : d(splat(divisor)), inverse(splat(1.0 / divisor)) {}

  MICROGPT_INLINE Double8 divide(Double8 x) const {
    const Double8 rough = x * inverse;
    const Double8 near = fma(fma(-rough, d, x), inverse, rough);
    return fma(fma(-near, d, x), inverse, near);
  }

  // Whether divide(x) is sure to be right. A zero must be +0.
  static MICROGPT_INLINE Mask8 takes(Double8 x) {
    const Double8 size = abs(x);
    return ((size >= splat(0x1p-900)) & (size <= splat(0x1p900))) | is_plus_zero(x);
  }

  Double8 d, inverse;
};

// A chunk in three passes, each of which stays in the first-level cache. Returns whether all its
// divisions were sure; if not, params are as they were, m and v are updated.
bool adam_chunk(double* params, double* m, double* v, const double* grads, std::size_t count,
                const AdamConstants& k) {
  alignas(64) double squares[kChunk], v_hat[kChunk], roots[kChunk];
  Unknown unknown;
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 grad = load(grads + i);
    const Double8 square = grad * grad;
    store(squares + i, square);
    if (!k.square_is_product) {
      unknown.add(~(is_square(square, grad) | (grad == Double8{})), i);
    }
  }
  unknown.ask(squares, grads, 2.0);

  const Divisor m_correction(k.m_correction), v_correction(k.v_correction);
  const Double8 beta1 = splat(k.beta1), beta2 = splat(k.beta2);
  const Double8 one_minus_beta1 = splat(k.one_minus_beta1);
  const Double8 one_minus_beta2 = splat(k.one_minus_beta2);
  Mask8 sure{0xFF};
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 m_i = beta1 * load(m + i) + one_minus_beta1 * load(grads + i);
    const Double8 v_i = beta2 * load(v + i) + one_minus_beta2 * load(squares + i);
    sure = sure & Divisor::takes(m_i) & Divisor::takes(v_i);
    const Double8 v_hat_i = v_correction.divide(v_i);
    const Mask8 is_zero = v_hat_i == Double8{};
    const Double8 root = select(is_zero, Double8{}, near_sqrt(v_hat_i));
    store(m + i, m_i);
    store(v + i, v_i);
    store(v_hat + i, v_hat_i);
    store(roots + i, root);
    unknown.add(~(is_sqrt(root, v_hat_i) | is_zero), i);
  }
  if (sure.bits != 0xFF) return false;
  unknown.ask(roots, v_hat, 0.5);

  const Double8 learning_rate = splat(k.learning_rate), eps_adam = splat(k.eps_adam);
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 m_hat = m_correction.divide(load(m + i));
    const Double8 update = learning_rate * m_hat / (load(roots + i) + eps_adam);
    store(params + i, load(params + i) - update);
  }
  return true;
}

#endif

}  // namespace

void adam(double* params, double* m, double* v, const double* grads, std::size_t count,
          const AdamConstants& constants) {
  std::size_t i = 0;
#ifdef MICROGPT_LIBM_IS_KNOWN
  while (i + 8 <= count) {
    const std::size_t size = count - i < kChunk ? (count - i) / 8 * 8 : kChunk;
    if (!adam_chunk(params + i, m + i, v + i, grads + i, size, constants)) {
      update_params(params + i, m + i, v + i, size, constants);
    }
    i += size;
  }
#endif
  update_moments(m + i, v + i, grads + i, count - i, constants);
  update_params(params + i, m + i, v + i, count - i, constants);
}

}  // namespace microgpt::exact::MICROGPT_ISA
