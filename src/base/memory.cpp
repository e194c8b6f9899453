#include "base/memory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "microgpt/error.h"

namespace microgpt {
namespace {

double memory_limit() {
  const auto pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
  const auto page_size = static_cast<double>(sysconf(_SC_PAGESIZE));
  double limit = pages * page_size;
  double group = 0;  // holds "max" where there is no limit, and is absent outside Linux
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> group) limit = std::min(limit, group);
  return limit;
}

std::string in_gib(double bytes) { return fmt::format("{:.3g} GiB", bytes / (1 << 30)); }

}  // namespace

void check_memory(const std::string& where, double bytes) {
  const double limit = memory_limit();
  if (bytes > limit) {
    throw Error(fmt::format("{}: too large for this machine, expected at most {}, got {}", where,
                            in_gib(limit), in_gib(bytes)));
  }
}

}  // namespace microgpt
