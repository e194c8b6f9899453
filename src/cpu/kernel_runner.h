// Kernels on threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/thread_pool.h"
#include "cpu/float_buffer.h"
#include "cpu/kernels.h"
#include "microgpt/config.h"

namespace microgpt::cpu {

// Cuts operations into tasks, always by their size alone, so that results do not depend on the
// number of threads. Not to be used from two threads at once.
class KernelRunner {
 public:
  // Uses the instruction set that choose_isa() names. Scratch memory is made for the longest
  // sequence that config allows. Throws Error: see ThreadPool, FloatBuffer and choose_isa.
  KernelRunner(const Config& config, int threads);

  const Kernels& kernels() const { return kernels_; }

  void matmul(const Matmul& m);

  // c (M, N) = a (M, K) w^T with weights w (N, K), as all layers have them; then add and epilogue
  // as in Matmul.
  void linear(float* c, const float* a, const float* w, std::size_t M, std::size_t N, std::size_t K,
              const float* add = nullptr, Epilogue epilogue = Epilogue::kNone);

  // Calls f(begin, end) for parts of [0, n) of part_size.
  template <class F>
  void for_parts(std::size_t n, std::size_t part_size, const F& f) {
    pool_.run((n + part_size - 1) / part_size, [&](std::size_t part, int) {
      f(part * part_size, std::min(n, (part + 1) * part_size));
    });
  }

  // Calls f(task, scratch) for each task.
  template <class F>
  void for_tasks(std::size_t num_tasks, const F& f) {
    pool_.run(num_tasks, [&](std::size_t task, int thread) { f(task, scratch(thread)); });
  }

  // Rows of C channels.
  void rmsnorm(float* y, float* scale, const float* x, std::size_t M, std::size_t C);
  void rmsnorm_backward(float* dx, const float* dy, const float* y, const float* scale,
                        std::size_t M, std::size_t C);

 private:
  float* scratch(int thread) {
    return scratch_.data() + static_cast<std::size_t>(thread) * scratch_size_;
  }
  void matvec(const Matmul& m);

  const Kernels& kernels_;
  ThreadPool pool_;
  std::size_t scratch_size_;  // floats for one thread
  FloatBuffer scratch_;
};

}  // namespace microgpt::cpu
