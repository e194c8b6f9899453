// What this machine has, and what it can do at best.
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

// The processors that this process may use, 1 to kMaxThreads.
int processors();

// The processor's name as the system knows it; empty where it tells none.
std::string processor_name();

// What compiled the library.
std::string_view compiler_name();

// The widest vector instructions that the engines use here: "plain", "neon", "avx2" or "avx512".
// Throws Error: the environment variable MICROGPT_ISA names none that is supported.
std::string_view instruction_set();

enum class FloatType { kFloat32, kFloat64 };

// The most operations a second that registers full of multiply-adds reach on some threads at once,
// best of several short runs. Takes some 50 ms. Throws Error: as instruction_set.
double measure_peak(FloatType type, int threads);

// The most bytes a second that come from memory, when threads read what no cache holds. Takes some
// 100 ms and 256 MiB. Throws Error: as instruction_set.
double measure_memory_read(int threads);

}  // namespace microgpt
