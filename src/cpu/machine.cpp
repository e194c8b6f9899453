#include "microgpt/machine.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <thread>
#include <vector>

#include "base/isa.h"
#include "cpu/kernels/peak.h"
#include "microgpt/engine.h"

namespace microgpt {
namespace cpu {

MICROGPT_DECLARE_FOR_ISAS(extern const PeakKernels kPeakKernels;)

namespace {

const PeakKernels& peak_kernels() { return MICROGPT_FOR_ISA(choose_isa(), kPeakKernels); }

// Runs work(thread) on all threads at once, several times over, and returns the seconds of the
// fastest time.
template <class Work>
double fastest(int threads, int runs, Work work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds(static_cast<std::size_t>(runs));
  std::barrier meeting(threads);
  const auto run_all = [&](int thread) {
    for (double& time : seconds) {
      meeting.arrive_and_wait();
      const auto start = Clock::now();
      work(thread);
      meeting.arrive_and_wait();
      if (thread == 0) time = std::chrono::duration<double>(Clock::now() - start).count();
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(run_all, thread);
  run_all(0);
  for (std::thread& other : others) other.join();
  return *std::ranges::min_element(seconds);
}

template <class Number, class Kernel>
double peak(Kernel kernel, int threads) {
  constexpr std::size_t kRounds = 200'000;
  std::vector<double> operations(static_cast<std::size_t>(threads));
  const double seconds = fastest(threads, 20, [&](int thread) {
    Number sink;
    operations[static_cast<std::size_t>(thread)] =
        kernel(kRounds, static_cast<Number>(thread), &sink);
    [[maybe_unused]] volatile const Number keep = sink;
  });
  return operations[0] * threads / seconds;
}

}  // namespace
}  // namespace cpu

int processors() {
#ifdef __linux__
  // std::thread counts the whole machine's with some C libraries.
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::clamp(CPU_COUNT(&set), 1, kMaxThreads);
  }
#endif
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::string_view compiler_name() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string_view instruction_set() { return to_string(choose_isa()); }

double measure_peak(FloatType type, int threads) {
  const cpu::PeakKernels& kernels = cpu::peak_kernels();
  return type == FloatType::kFloat32 ? cpu::peak<float>(kernels.multiply_add_f32, threads)
                                     : cpu::peak<double>(kernels.multiply_add_f64, threads);
}

double measure_memory_read(int threads) {
  constexpr std::size_t kFloats = std::size_t{64} << 20;
  const cpu::PeakKernels& kernels = cpu::peak_kernels();
  const std::vector<float> memory(kFloats, 1.0f);
  const std::size_t part = kFloats / static_cast<std::size_t>(threads) / 256 * 256;
  const double seconds = cpu::fastest(threads, 4, [&](int thread) {
    [[maybe_unused]] volatile const float keep =
        kernels.sum(memory.data() + static_cast<std::size_t>(thread) * part, part);
  });
  return static_cast<double>(part * sizeof(float)) * threads / seconds;
}

}  // namespace microgpt
