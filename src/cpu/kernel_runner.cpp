#include "cpu/kernel_runner.h"

#include "cpu/weights.h"

namespace microgpt::cpu {
namespace {

// Of a task, which should take some microseconds at least: all that a ThreadPool costs is less.
constexpr std::size_t kMatmulRows = 32 * kRowTile;  // a panel of b is packed once for them
constexpr std::size_t kMatvecWeights = std::size_t{1} << 15;
constexpr std::size_t kNormRows = 64;

std::size_t scratch_size(const Config& config) {
  const Sizes s(config);
  return round_up(std::max(kMatmulScratch, attention_scratch(s.T, s.D)), 16);
}

}  // namespace

KernelRunner::KernelRunner(const Config& config, int threads)
    : kernels_(kernels_for(choose_isa())),
      pool_(threads),
      scratch_size_(scratch_size(config)),
      scratch_("engine cpu: scratch memory",
               static_cast<std::size_t>(threads) * scratch_size(config)) {}

void KernelRunner::matmul(const Matmul& m) {
  if (m.M == 1 && m.b.row == 1) return matvec(m);
  const std::size_t row_parts = (m.M + kMatmulRows - 1) / kMatmulRows;
  const std::size_t col_parts = (m.N + kColTile - 1) / kColTile;
  for_tasks(row_parts * col_parts, [&](std::size_t task, float* scratch) {
    const std::size_t i = task % row_parts * kMatmulRows, j = task / row_parts * kColTile;
    const std::size_t at = i * m.ldc + j;
    Matmul part = m;
    part.M = std::min(kMatmulRows, m.M - i);
    part.N = std::min(kColTile, m.N - j);
    part.a.data += i * m.a.row;
    part.b.data += j * m.b.col;
    part.c += at;
    if (m.add != nullptr) part.add += at;
    if (m.activated != nullptr) part.activated += at;
    kernels_.matmul(part, scratch);
  });
}

void KernelRunner::matvec(const Matmul& m) {
  for_parts(m.N, std::max<std::size_t>(kColTile, kMatvecWeights / m.K),
            [&](std::size_t begin, std::size_t end) {
              Matmul part = m;
              part.N = end - begin;
              part.b.data += begin * m.b.col;
              part.c += begin;
              if (m.add != nullptr) part.add += begin;
              kernels_.matvec(part);
            });
}

void KernelRunner::linear(float* c, const float* a, const float* w, std::size_t M, std::size_t N,
                          std::size_t K, const float* add, Epilogue epilogue) {
  matmul({.M = M,
          .N = N,
          .K = K,
          .a = row_major(a, K),
          .b = transposed(w, K),
          .c = c,
          .ldc = N,
          .add = add,
          .epilogue = epilogue});
}

void KernelRunner::rmsnorm(float* y, float* scale, const float* x, std::size_t M, std::size_t C) {
  for_parts(M, kNormRows, [&](std::size_t begin, std::size_t end) {
    kernels_.rmsnorm(y + begin * C, scale + begin, x + begin * C, end - begin, C);
  });
}

void KernelRunner::rmsnorm_backward(float* dx, const float* dy, const float* y, const float* scale,
                                    std::size_t M, std::size_t C) {
  for_parts(M, kNormRows, [&](std::size_t begin, std::size_t end) {
    kernels_.rmsnorm_backward(dx + begin * C, dy + begin * C, y + begin * C, scale + begin,
                              end - begin, C);
  });
}

}  // namespace microgpt::cpu
