// In place of src/base/thread_pool.h: a page's WebAssembly has one thread.
#pragma once

#include <cstddef>

namespace microgpt {

class ThreadPool {
 public:
  explicit ThreadPool(int) {}

  int num_threads() const { return 1; }

  template <class F>
  void run(std::size_t num_tasks, const F& f) {
    for (std::size_t task = 0; task < num_tasks; ++task) f(task, 0);
  }
};

}  // namespace microgpt
