#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/message_of.h"

namespace microgpt {
namespace {

TEST(ThreadPool, RunsEachTaskOnce) {
  for (const int num_threads : {1, 2, 3, 7}) {
    ThreadPool pool(num_threads);
    EXPECT_EQ(pool.num_threads(), num_threads);
    for (const std::size_t num_tasks : {0, 1, 2, 6, 7, 100}) {
      std::vector<int> calls(num_tasks);
      pool.run(num_tasks, [&](std::size_t task, int) { ++calls[task]; });
      EXPECT_EQ(std::count(calls.begin(), calls.end(), 1), calls.size());
    }
  }
}

// Many short jobs after one another: a worker that comes late to one must not touch the next.
TEST(ThreadPool, JobsFollowEachOtherAtOnce) {
  for (const int num_threads : {2, 5}) {
    ThreadPool pool(num_threads);
    std::vector<std::size_t> values(3);
    for (std::size_t job = 1; job <= 5000; ++job) {
      pool.run(values.size(), [&](std::size_t task, int) { values[task] += job * (task + 1); });
    }
    const std::size_t sum = 5000 * 5001 / 2;
    EXPECT_EQ(values, (std::vector<std::size_t>{sum, 2 * sum, 3 * sum}));
  }
}

// The scratch of a thread belongs to one task at a time. (ThreadSanitizer sees it too.)
TEST(ThreadPool, CallsOfOneThreadDoNotOverlap) {
  ThreadPool pool(4);
  std::vector<int> inside(4);
  std::vector<int> overlaps(200);
  pool.run(overlaps.size(), [&](std::size_t task, int thread) {
    int& mine = inside[static_cast<std::size_t>(thread)];
    if (++mine != 1) overlaps[task] = 1;
    std::this_thread::yield();
    --mine;
  });
  EXPECT_EQ(std::count(overlaps.begin(), overlaps.end(), 1), 0);
}

TEST(ThreadPool, ThrowsTheExceptionOfTheFirstTaskAndGoesOn) {
  for (const int num_threads : {1, 3}) {
    ThreadPool pool(num_threads);
    try {
      pool.run(20, [](std::size_t task, int) {
        if (task % 5 == 4) throw std::runtime_error(std::to_string(task));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "4");
    }
    std::atomic<int> calls = 0;
    pool.run(20, [&](std::size_t, int) { ++calls; });
    EXPECT_EQ(calls, 20);
  }
}

// In a process of its own, with too little memory for so many stacks.
TEST(ThreadPool, ThreadsThatTheSystemDoesNotGive) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer needs more memory than that itself";
#endif
  const auto start_many = [] {
    const rlimit limit{1 << 30, 1 << 30};
    setrlimit(RLIMIT_AS, &limit);
    const std::string message = message_of([] { ThreadPool pool(100'000); });
    std::fputs(message.c_str(), stderr);
    std::_Exit(0);
  };
  EXPECT_EXIT(start_many(), testing::ExitedWithCode(0),
              "threads: can't start them, expected 100000, got [0-9]+ .*; ask for fewer");
}

}  // namespace
}  // namespace microgpt
