#include "base/isa.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::array kIsas = {Isa::kPlain, Isa::kNeon, Isa::kAvx2, Isa::kAvx512};

std::string supported_names() {
  std::string names;
  for (const Isa isa : kIsas) {
    if (is_supported(isa)) names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(isa));
  }
  return names;
}

}  // namespace

std::string_view to_string(Isa isa) {
  constexpr std::array<std::string_view, kIsas.size()> kNames = {"plain", "neon", "avx2", "avx512"};
  return kNames[static_cast<std::size_t>(isa)];
}

bool is_supported(Isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  switch (isa) {
    case Isa::kPlain:
      return true;
    case Isa::kNeon:
      return false;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("fma");
  }
  return false;
#elif defined(__aarch64__)
  return isa == Isa::kPlain || isa == Isa::kNeon;
#else
  return isa == Isa::kPlain;
#endif
}

Isa choose_isa() {
  if (const char* wanted = std::getenv("MICROGPT_ISA"); wanted != nullptr && *wanted != '\0') {
    for (const Isa isa : kIsas) {
      if (to_string(isa) == wanted && is_supported(isa)) return isa;
    }
    throw Error(fmt::format("MICROGPT_ISA: expected one of {} on this machine, got '{}'",
                            supported_names(), wanted));
  }
  Isa widest = Isa::kPlain;
  for (const Isa isa : kIsas) {
    if (is_supported(isa)) widest = isa;
  }
  return widest;
}

}  // namespace microgpt
