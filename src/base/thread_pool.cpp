#include "base/thread_pool.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr int kSpins = 1000;  // 10 to 40 us

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// Where there are more threads than cores, who spins keeps another from working.
ThreadPool::ThreadPool(int num_threads)
    : spins_(std::cmp_less_equal(num_threads, std::thread::hardware_concurrency()) ? kSpins : 0) {
  try {
    for (int thread = 1; thread < num_threads; ++thread) {
      workers_.emplace_back([this, thread] { work(thread); });
    }
  } catch (const std::bad_alloc&) {
    stop();
    throw;
  } catch (const std::system_error& e) {
    const std::size_t started = workers_.size() + 1;
    stop();
    throw Error(fmt::format("threads: can't start them, expected {}, got {} ({}); ask for fewer",
                            num_threads, started, e.code().message()));
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_ = true;
  ++number_;
  number_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) const {
  for (int i = 0; i < spins_; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old);
}

void ThreadPool::work(int thread) {
  std::uint32_t seen = 0;
  for (;;) {
    wait_while(number_, seen);
    seen = number_;
    if (stopping_) return;
    take_tasks(thread);
  }
}

void ThreadPool::run(const Job& job) {
  job_ = job;
  unfinished_ = job.num_tasks;
  open_ = job.num_tasks;
  ++number_;
  number_.notify_all();
  take_tasks(0);
  for (std::uint32_t left = unfinished_; left > 0; left = unfinished_) {
    wait_while(unfinished_, left);
  }
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::take_tasks(int thread) {
  for (std::uint32_t open = open_; open > 0;) {
    if (!open_.compare_exchange_weak(open, open - 1)) continue;
    call(job_.num_tasks - open, thread);
    if (--unfinished_ == 0) unfinished_.notify_one();
    open = open_;
  }
}

void ThreadPool::call(std::uint32_t task, int thread) {
  try {
    job_.call(job_.function, task, thread);
  } catch (...) {
    const std::scoped_lock lock(failure_mutex_);
    if (failure_ == nullptr || task < failed_task_) {
      failure_ = std::current_exception();
      failed_task_ = task;
    }
  }
}

}  // namespace microgpt
