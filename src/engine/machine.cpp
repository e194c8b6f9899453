#include "microgpt/machine.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <thread>

#include "microgpt/engine.h"

namespace microgpt {

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

}  // namespace microgpt
