// Each kernel against a plain twin in doubles, for every instruction set that this machine has.
#include "cpu/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "microgpt/numerical_gradient.h"
#include "support/isas.h"

namespace microgpt::cpu {
namespace {

std::vector<float> random_floats(std::size_t n, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> x(n);
  for (float& value : x) value = uniform(random);
  return x;
}

class KernelTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};

// ---- Products ----

double finish(double sum, Epilogue epilogue, double activated) {
  const double r = std::max(sum, 0.0);
  switch (epilogue) {
    case Epilogue::kNone:
      return sum;
    case Epilogue::kRelu:
      return r;
    case Epilogue::kReluSquared:
      return r * r;
    case Epilogue::kReluBackward:
      return activated > 0 ? sum : 0;
    case Epilogue::kReluSquaredBackward:
      return 2 * std::sqrt(activated) * sum;
  }
  return NAN;
}

// One product with matrices inside larger ones, at odd addresses, whose surroundings must stay as
// they are.
struct Product {
  Product(std::size_t M, std::size_t N, std::size_t K, bool a_transposed, bool b_transposed)
      : a(random_floats((M + 3) * (K + 3), 2)),
        b(random_floats((N + 3) * (K + 3), 3)),
        c(random_floats((M + 3) * (N + 5), 4)),
        activated(random_floats((M + 3) * (N + 5), 5)) {
    for (float& x : activated) x = std::max(x, 0.0f);
    matmul = {.M = M,
              .N = N,
              .K = K,
              .a = a_transposed ? transposed(a.data() + 1, M + 3) : row_major(a.data() + 1, K + 3),
              .b = b_transposed ? transposed(b.data() + 1, K + 3) : row_major(b.data() + 1, N + 3),
              .c = c.data() + 1,
              .ldc = N + 5};
  }

  // What c should be, from c as it is.
  std::vector<double> expected() const {
    std::vector<double> out(c.begin(), c.end());
    const Matmul& m = matmul;
    for (std::size_t i = 0; i < m.M; ++i) {
      for (std::size_t j = 0; j < m.N; ++j) {
        const std::size_t at = i * m.ldc + j;
        double sum = m.add == nullptr ? 0 : m.add[at];
        for (std::size_t k = 0; k < m.K; ++k) {
          sum += double{m.a.data[i * m.a.row + k * m.a.col]} *
                 double{m.b.data[k * m.b.row + j * m.b.col]};
        }
        const double act = m.activated == nullptr ? 0 : m.activated[at];
        out[at + 1] = finish(sum, m.epilogue, act);
      }
    }
    return out;
  }

  std::vector<float> a, b, c, activated;
  Matmul matmul;
};

void check(Product& product, const std::function<void(const Matmul&)>& kernel) {
  const std::vector<double> expected = product.expected();
  const Matmul& m = product.matmul;
  kernel(m);
  double error = 0, largest = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(product.c[i] - expected[i]);
    error = std::isnan(difference) ? INFINITY : std::max(error, difference);
    largest = std::max(largest, std::abs(expected[i]));
  }
  ASSERT_LT(error, 2e-6 * largest) << m.M << " x " << m.N << " x " << m.K;
}

// Around each width and height of a tile.
const std::vector<std::size_t> kSizes = {1,  2,  3,  5,  6,  7,  8,  11, 12,
                                         13, 16, 17, 24, 25, 31, 32, 33, 65};

TEST_P(KernelTest, MatmulOfAllSizes) {
  std::vector<float> scratch(kMatmulScratch);
  for (const std::size_t M : kSizes) {
    for (const std::size_t N : kSizes) {
      for (const std::size_t K : {1, 15, 16, 18}) {
        for (const bool b_transposed : {false, true}) {
          Product product(M, N, K, (M + N) % 2 == 0, b_transposed);
          if (K == 15) product.matmul.add = product.matmul.c;
          check(product, [&](const Matmul& m) { kernels().matmul(m, scratch.data()); });
        }
      }
    }
  }
}

// Deeper than what is packed at a time: the epilogue comes once, at the end.
TEST_P(KernelTest, MatmulEpilogues) {
  std::vector<float> scratch(kMatmulScratch);
  for (const Epilogue epilogue : {Epilogue::kNone, Epilogue::kRelu, Epilogue::kReluSquared,
                                  Epilogue::kReluBackward, Epilogue::kReluSquaredBackward}) {
    for (const std::size_t K : {9, 256, 257, 700}) {
      for (const bool a_transposed : {false, true}) {
        Product product(29, 37, K, a_transposed, !a_transposed);
        const std::vector<float> add = random_floats(product.c.size(), 6);
        product.matmul.add = add.data() + 1;
        product.matmul.epilogue = epilogue;
        product.matmul.activated = product.activated.data() + 1;
        check(product, [&](const Matmul& m) { kernels().matmul(m, scratch.data()); });
      }
    }
  }
}

TEST_P(KernelTest, Matvec) {
  for (const std::size_t N : {1, 3, 4, 9}) {
    for (const std::size_t K : {1, 3, 4, 8, 15, 16, 33, 100}) {
      for (const Epilogue epilogue : {Epilogue::kNone, Epilogue::kRelu, Epilogue::kReluSquared}) {
        Product product(1, N, K, false, true);
        product.matmul.epilogue = epilogue;
        if (K % 2 == 1) product.matmul.add = product.matmul.c;
        check(product, [&](const Matmul& m) { kernels().matvec(m); });
      }
    }
  }
}

// ---- Gradients, held against central differences of a definition in doubles ----

using Vector = std::vector<double>;
using Loss = std::function<double(const Vector&)>;

// `offset` has been in grads before.
void expect_gradient(const Loss& loss, const std::vector<float>& x, const std::vector<float>& grads,
                     double offset, double tolerance) {
  const Vector numerical = numerical_gradient(loss, Vector(x.begin(), x.end()), 1e-5);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(grads[i] - offset, numerical[i], tolerance) << i << " of " << x.size();
  }
}

// sum(weights * y), the loss whose gradient with respect to y is `weights`.
double weigh(const Vector& y, const std::vector<float>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * double{weights[i]};
  return sum;
}

Vector rmsnorm(const Vector& x, std::size_t C) {
  Vector y(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += C) {
    double squares = 0;
    for (std::size_t c = begin; c < begin + C; ++c) squares += x[c] * x[c];
    for (std::size_t c = begin; c < begin + C; ++c) {
      y[c] = x[c] / std::sqrt(squares / static_cast<double>(C) + 1e-5);
    }
  }
  return y;
}

TEST_P(KernelTest, RmsNorm) {
  const std::size_t M = 3;
  for (std::size_t C = 1; C <= 67; ++C) {
    const std::vector<float> x = random_floats(M * C), dy = random_floats(M * C, 2);
    std::vector<float> y(M * C), scale(M), dx(M * C, 0.5f);
    kernels().rmsnorm(y.data(), scale.data(), x.data(), M, C);
    const Vector expected = rmsnorm(Vector(x.begin(), x.end()), C);
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], 1e-6);
    kernels().rmsnorm_backward(dx.data(), dy.data(), y.data(), scale.data(), M, C);
    const double largest = *std::max_element(scale.begin(), scale.end());
    expect_gradient([&](const Vector& at) { return weigh(rmsnorm(at, C), dy); }, x, dx, 0.5,
                    1e-6 * (1 + largest));
  }
}

// q, k and v are the columns of x (T, 3D).
Vector attention(const Vector& x, std::size_t D) {
  const std::size_t T = x.size() / (3 * D);
  Vector out(T * D);
  for (std::size_t i = 0; i < T; ++i) {
    Vector p(i + 1);
    double sum = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      double s = 0;
      for (std::size_t d = 0; d < D; ++d) s += x[i * 3 * D + d] * x[j * 3 * D + D + d];
      sum += p[j] = std::exp(s / std::sqrt(static_cast<double>(D)));
    }
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t d = 0; d < D; ++d) {
        out[i * D + d] += p[j] / sum * x[j * 3 * D + 2 * D + d];
      }
    }
  }
  return out;
}

// A head as it stands in the engine's matrices.
struct Head {
  Head(std::size_t tokens, std::size_t head_dim)
      : T(tokens), D(head_dim), x(random_floats(T * 3 * D)), softmax(T) {
    for (float& value : x) value *= 2;
    x.resize(x.size() + kColTile);
    out.resize(T * D + kColTile);
    scratch.resize(attention_scratch(T, D));
    a = {.T = T,
         .head_dim = D,
         .q = x.data(),
         .k = x.data() + D,
         .v = x.data() + 2 * D,
         .ldq = 3 * D,
         .ldk = 3 * D,
         .ldv = 3 * D,
         .out = out.data(),
         .ldout = D,
         .softmax = softmax.data()};
  }

  std::vector<float> qkv() const { return {x.begin(), x.end() - kColTile}; }

  void expect_out() const {
    const Vector expected = attention(Vector(x.begin(), x.end() - kColTile), D);
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(out[i], expected[i], 2e-6) << T;
  }

  std::size_t T, D;
  std::vector<float> x, out, scratch;
  std::vector<Softmax> softmax;
  Attention a;
};

TEST_P(KernelTest, AttentionForward) {
  for (const std::size_t D : {1, 3, 8, 16, 17, 40, 80}) {
    for (const std::size_t T : {1, 2, 5, 11, 12, 13, 31, 32, 33, 47, 48, 49, 100}) {
      Head head(T, D);
      kernels().attention(head.a, head.scratch.data());
      head.expect_out();
    }
  }
}

TEST_P(KernelTest, AttentionBackward) {
  for (const auto& [T, D] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 3}, {2, 2}, {7, 5}, {12, 4}, {13, 17}, {15, 33}, {50, 2}, {99, 1}}) {
    Head head(T, D);
    std::vector<float> dout = random_floats(T * D, 2), dx(T * 3 * D, 7.0f);
    dout.resize(dout.size() + kColTile);
    kernels().attention(head.a, head.scratch.data());
    kernels().attention_backward(head.a, dout.data(), dx.data(), dx.data() + D, dx.data() + 2 * D,
                                 3 * D, head.scratch.data());
    expect_gradient([&](const Vector& x) { return weigh(attention(x, D), dout); }, head.qkv(), dx,
                    0, 1e-5);
  }
}

// A sequence in pieces, over keys in panels.
TEST_P(KernelTest, AttentionOverCachedKeys) {
  const std::size_t T = 70, D = 5;
  for (const std::vector<std::size_t>& pieces :
       std::vector<std::vector<std::size_t>>{{70}, {1, 30, 1, 1, 37}, {64, 6}}) {
    Head head(T, D);
    std::vector<float> keys(round_up(T, kColTile) * D);
    for (std::size_t t = 0; t < T; ++t) {
      for (std::size_t d = 0; d < D; ++d) keys[key_index(t, d, D)] = head.x[t * 3 * D + D + d];
    }
    Attention piece = head.a;
    piece.k = keys.data();
    piece.softmax = nullptr;
    for (const std::size_t n : pieces) {
      piece.T = n;
      kernels().attention_cached(piece, head.scratch.data());
      piece.past += n;
      piece.q += n * 3 * D;
      piece.out += n * D;
    }
    head.expect_out();
  }
}

double cross_entropy(const Vector& logits, const std::vector<int>& targets) {
  const std::size_t V = logits.size() / targets.size();
  double loss = 0;
  for (std::size_t m = 0; m < targets.size(); ++m) {
    double sum = 0;
    for (std::size_t v = 0; v < V; ++v) sum += std::exp(logits[m * V + v]);
    loss += std::log(sum) - logits[m * V + static_cast<std::size_t>(targets[m])];
  }
  return loss;
}

TEST_P(KernelTest, CrossEntropy) {
  for (std::size_t V = 1; V <= 35; ++V) {
    const std::vector<int> targets = {0, static_cast<int>(V) - 1, static_cast<int>(V / 2)};
    std::vector<float> logits = random_floats(3 * V), losses(3);
    for (float& x : logits) x *= 5;
    const std::vector<float> x = logits;
    kernels().cross_entropy(losses.data(), logits.data(), targets.data(), 0.25f, 3, V);
    const Loss loss = [&](const Vector& at) { return cross_entropy(at, targets); };
    EXPECT_NEAR(losses[0] + losses[1] + losses[2], loss(Vector(x.begin(), x.end())), 3e-6);
    expect_gradient([&](const Vector& at) { return 0.25 * loss(at); }, x, logits, 0, 1e-6);
  }
}

// Logits that exp alone would turn into infinity or zero.
TEST_P(KernelTest, CrossEntropyOfLargeLogits) {
  std::vector<float> logits(20, -1000.0f), losses(1);
  logits[3] = 1000.0f;
  const int target = 4;
  kernels().cross_entropy(losses.data(), logits.data(), &target, 1.0f, 1, 20);
  EXPECT_EQ(losses[0], 2000.0f);
  EXPECT_NEAR(logits[3], 1, 1e-6);
  EXPECT_NEAR(logits[4], -1, 1e-6);
  EXPECT_NEAR(logits[5], 0, 1e-6);
}

// A diverged model must not look like a good one.
TEST_P(KernelTest, CrossEntropyKeepsWhatIsNotANumber) {
  for (const float bad : {NAN, INFINITY}) {
    for (const std::size_t at : {0, 7, 19}) {
      std::vector<float> logits(20, 0.5f), losses(1);
      logits[at] = bad;
      const int target = 4;
      kernels().cross_entropy(losses.data(), logits.data(), &target, 1.0f, 1, 20);
      EXPECT_FALSE(std::isfinite(losses[0])) << bad << " at " << at;
    }
  }
}

// ---- Embeddings and updates ----

TEST_P(KernelTest, Embed) {
  const std::size_t C = 19;
  const std::vector<float> wte = random_floats(4 * C), wpe = random_floats(3 * C, 2);
  const std::vector<int> tokens = {3, 0, 3}, positions = {0, 1, 2};
  std::vector<float> x(3 * C), dw(4 * C, 1.0f);
  kernels().embed(x.data(), wte.data(), wpe.data(), tokens.data(), positions.data(), 3, C);
  kernels().embed_backward(dw.data(), x.data(), tokens.data(), 3, C, 0, 7);
  kernels().embed_backward(dw.data(), x.data(), tokens.data(), 3, C, 7, C);
  for (std::size_t c = 0; c < C; ++c) {
    EXPECT_EQ(x[c], wte[3 * C + c] + wpe[c]);
    EXPECT_EQ(x[C + c], wte[c] + wpe[C + c]);
    EXPECT_EQ(dw[c], 1.0f + x[C + c]);
    EXPECT_EQ(dw[C + c], 1.0f);
    EXPECT_EQ(dw[3 * C + c], 1.0f + x[c] + x[2 * C + c]);
  }
}

TEST_P(KernelTest, Adam) {
  const AdamConstants k{0.9f, 0.1f, 0.99f, 0.01f, 2.0f, 3.0f, 0.125f, 1e-8f};
  for (std::size_t n = 1; n <= 35; ++n) {
    const std::vector<float> before = random_floats(n), grads = random_floats(n, 2);
    std::vector<float> params = before, m = random_floats(n, 3), v = random_floats(n, 4), g = grads;
    for (float& x : v) x = std::abs(x);
    const std::vector<float> m0 = m, v0 = v;
    kernels().adam(params.data(), m.data(), v.data(), g.data(), k, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double mi = 0.9 * m0[i] + 0.1 * grads[i];
      const double vi = 0.99 * v0[i] + 0.01 * grads[i] * grads[i];
      EXPECT_NEAR(m[i], mi, 1e-6);
      EXPECT_NEAR(v[i], vi, 1e-6);
      EXPECT_NEAR(params[i], before[i] - 0.125 * mi * 2 / (std::sqrt(vi * 3) + 1e-8), 1e-6);
      EXPECT_EQ(g[i], 0);
    }
  }
}

TEST_P(KernelTest, Sgd) {
  std::vector<float> params = random_floats(19), grads = random_floats(19, 2);
  const std::vector<float> before = params, g = grads;
  kernels().sgd(params.data(), grads.data(), 0.25f, 19);
  for (std::size_t i = 0; i < 19; ++i) EXPECT_NEAR(params[i], before[i] - 0.25f * g[i], 1e-7);
  EXPECT_EQ(grads, std::vector<float>(19));
}

INSTANTIATE_TEST_SUITE_P(Isas, KernelTest, testing::ValuesIn(test::supported_isas()),
                         [](const testing::TestParamInfo<Isa>& isa) {
                           return std::string(to_string(isa.param));
                         });

}  // namespace
}  // namespace microgpt::cpu
