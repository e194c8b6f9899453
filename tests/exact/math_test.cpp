// The kernels' exp and pow, held against libm's: every bit, over many arguments. They are reached
// as the model reaches them; the rest of each formula is done here in plain doubles.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "exact/kernels.h"
#include "random/py_pow.h"
#include "support/isas.h"

namespace microgpt::exact {
namespace {

void expect_bits(double ours, double theirs, double x, const char* what) {
  ASSERT_EQ(std::bit_cast<std::uint64_t>(ours), std::bit_cast<std::uint64_t>(theirs))
      << fmt::format("{} of {:a}: {:a}, libm {:a}", what, x, ours, theirs);
}

class ExactMath : public ::testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }

  // Random fractions, exponents evenly between the two.
  double random_double(int from, int to) {
    const double fraction = 1 + static_cast<double>(rng_() >> 12) * 0x1p-52;
    return std::ldexp(fraction, std::uniform_int_distribution(from, to)(rng_));
  }

  std::mt19937_64 rng_{1};
};

// With one feature, scale = ms ** -0.5, and dx = scale dout + 2 x dms, dms = -0.5 ms ** -1.5 x
// dout.
TEST_P(ExactMath, PowersOfRmsNorm) {
  for (int i = 0; i < 40'000; ++i) {
    double x[8], out[8], ms[8], scale[8], dout[8], dx[8];
    for (double& v : x) v = random_double(-40, 40);
    for (double& v : dout) v = random_double(-3, 3);
    kernels().rmsnorm_forward(out, ms, scale, x, 1, 1);
    kernels().rmsnorm_backward(dx, nullptr, dout, x, ms, scale, 1, 1);
    for (int p = 0; p < 8; ++p) {
      ASSERT_NO_FATAL_FAILURE(expect_bits(scale[p], libm_pow(ms[p], -0.5), ms[p], "** -0.5"));
      const double dms = -0.5 * libm_pow(ms[p], -1.5) * (x[p] * dout[p]);
      const double expected = (scale[p] * dout[p] + x[p] * dms) + x[p] * dms;
      ASSERT_NO_FATAL_FAILURE(expect_bits(dx[p], expected, ms[p], "** -1.5"));
    }
  }
}

// One head of one feature: query 1 and keys k make the exponentials of k - max(k).
TEST_P(ExactMath, ExpAndReciprocalOfAttention) {
  constexpr std::size_t kN = 8;
  for (int i = 0; i < 30'000; ++i) {
    double qkv[3 * 8] = {}, out[8], exps[kN * 8], total[8], inverse[8];
    const double range = i % 3 == 0 ? 800 : i % 3 == 1 ? 10 : 0.01;
    double largest = -INFINITY;
    for (int p = 0; p < 8; ++p) {
      qkv[p] = 1;
      qkv[8 + p] = std::uniform_real_distribution(-range, range)(rng_);
      largest = std::max(largest, qkv[8 + p]);
    }
    kernels().attention_forward(out, exps, total, inverse, qkv, {1, 1, kN, 1.0});
    for (std::size_t t = 0; t < kN; ++t) {
      const double x = qkv[8 + t] - largest;
      ASSERT_NO_FATAL_FAILURE(expect_bits(exps[t * 8 + 7], std::exp(x), x, "exp"));
    }
    ASSERT_NO_FATAL_FAILURE(expect_bits(inverse[7], libm_pow(total[7], -1.0), total[7], "** -1"));
  }
}

// Two tokens, the second one's logit 0 and the larger: total = 1 + exp(x), and the first one's
// gradient is exp(x) dtotal, dtotal = -total ** -2 (e dp) with the target's e = 1.
TEST_P(ExactMath, InverseSquareOfCrossEntropy) {
  for (int i = 0; i < 40'000; ++i) {
    double logits[2 * 8], losses[8], dlogits[2 * 8], dtarget[8];
    const int targets[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (int p = 0; p < 8; ++p) {
      logits[p] = -random_double(-6, 4);
      logits[8 + p] = 0;
    }
    kernels().cross_entropy(losses, dlogits, dtarget, logits, targets, 8, 2, 1.0);
    for (int p = 0; p < 8; ++p) {
      const double e = std::exp(logits[p]), total = e + 1.0;
      const double dp = 1.0 / libm_pow(total, -1.0) * -1.0;
      const double dtotal = -1.0 * libm_pow(total, -2.0) * dp;
      ASSERT_NO_FATAL_FAILURE(expect_bits(dlogits[p], e * dtotal, total, "** -2"));
    }
  }
}

// Squares and roots, aimed at the middle between two doubles, where libm's answer is not the
// nearest.
TEST_P(ExactMath, SquaresAndRootsOfAdam) {
  constexpr std::size_t kCount = 1003;  // two chunks, less a vector, and a few
  const AdamConstants k{.beta1 = 0.85,
                        .beta2 = 0.0,
                        .one_minus_beta1 = 1.0 - 0.85,
                        .one_minus_beta2 = 1.0,
                        .m_correction = 0.5,
                        .v_correction = 1.0,
                        .learning_rate = 1.0,
                        .eps_adam = 1e-8,
                        .square_is_product = false};
  int libm_differs = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<double> grads(kCount), m(kCount), v(kCount), params(kCount);
    for (std::size_t j = 0; j < kCount; ++j) {
      // (1 + n / 2^26) ** 2 with an odd n is halfway where it is above 2.
      const double tie = 1 + static_cast<double>(27'797'403 + 2 * (rng_() % 19'000'000)) * 0x1p-26;
      grads[j] = j % 3 == 0 ? tie : j % 3 == 1 ? random_double(-200, 200) : -random_double(-30, 0);
      m[j] = random_double(-20, 0);
      params[j] = random_double(-6, 0);
    }
    std::vector<double> expected_m = m, expected_v = v, expected = params;
    for (std::size_t j = 0; j < kCount; ++j) {
      expected_m[j] = k.beta1 * m[j] + k.one_minus_beta1 * grads[j];
      expected_v[j] = k.beta2 * v[j] + k.one_minus_beta2 * libm_pow(grads[j], 2.0);
      libm_differs += expected_v[j] != grads[j] * grads[j];
      expected[j] -= k.learning_rate * (expected_m[j] / k.m_correction) /
                     (libm_pow(expected_v[j] / k.v_correction, 0.5) + k.eps_adam);
    }
    kernels().adam(params.data(), m.data(), v.data(), grads.data(), kCount, k);
    for (std::size_t j = 0; j < kCount; ++j) {
      ASSERT_NO_FATAL_FAILURE(expect_bits(m[j], expected_m[j], grads[j], "m"));
      ASSERT_NO_FATAL_FAILURE(expect_bits(v[j], expected_v[j], grads[j], "v"));
      ASSERT_NO_FATAL_FAILURE(expect_bits(params[j], expected[j], grads[j], "parameter"));
    }
  }
#ifdef __GLIBC__
  EXPECT_GT(libm_differs, 100);  // or nothing would have been tried
#endif
}

INSTANTIATE_TEST_SUITE_P(EachIsa, ExactMath, ::testing::ValuesIn(test::supported_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace microgpt::exact
