// Threads that stay, and run one piece of work after another.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace microgpt {

// Who waits here spins for some microseconds, because the next piece usually comes at once, and
// then sleeps, because spinning against a busy machine takes the time from those who work. A thread
// that is not running holds nobody up: the others take its tasks.
class ThreadPool {
 public:
  // num_threads: 1 or more; the thread that calls run is one of them.
  // Throws Error: the system does not give so many.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls f(task, thread) for each task in [0, num_tasks), in any order and on any threads, and
  // returns when all are done. thread is in [0, num_threads()), and no two calls with the same one
  // overlap: it is there to find scratch memory with. To get the same results on any number of
  // threads, cut the work into tasks by its size alone. If tasks throw, some of the others may not
  // run, and the exception of the first one, by number, is thrown again.
  // REQUIRES: not called from a task, nor from two threads at once; num_tasks < 2^32.
  template <class F>
  void run(std::size_t num_tasks, const F& f) {
    if (workers_.empty() || num_tasks <= 1) {
      for (std::size_t task = 0; task < num_tasks; ++task) f(task, 0);
      return;
    }
    run({.call = [](const void* g, std::size_t task,
                    int thread) { (*static_cast<const F*>(g))(task, thread); },
         .function = &f,
         .num_tasks = static_cast<std::uint32_t>(num_tasks)});
  }

 private:
  struct Job {
    void (*call)(const void* function, std::size_t task, int thread) = nullptr;
    const void* function = nullptr;
    std::uint32_t num_tasks = 0;
  };

  void run(const Job& job);
  void stop();
  void work(int thread);
  void take_tasks(int thread);
  void call(std::uint32_t task, int thread);

  // Spins, then sleeps, until the value is another.
  void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) const;

  int spins_;
  Job job_;
  // Tasks of the job that nobody has taken yet. Whoever takes one, however late it woke up, takes
  // it of the job at hand: that is not replaced before all its tasks are finished.
  std::atomic<std::uint32_t> open_{0};
  std::atomic<std::uint32_t> unfinished_{0};  // the caller of run waits for 0
  std::atomic<std::uint32_t> number_{0};      // of jobs so far; workers wait for it to change
  std::atomic<bool> stopping_{false};

  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::uint32_t failed_task_ = 0;

  std::vector<std::thread> workers_;
};

}  // namespace microgpt
