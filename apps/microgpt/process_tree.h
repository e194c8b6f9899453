// The processes that a process has started, and theirs. Found on Linux only: elsewhere there are
// none.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace microgpt {

struct ProcessTree {
  std::vector<pid_t> processes;
  std::size_t threads = 0;
  std::size_t resident_bytes = 0;
};

// All below this process. From here on, processes that lose their parent become its children.
void adopt_orphans();
ProcessTree find_descendants();

// Takes note of the ends of adopted children, whose numbers are free then; not of that of `keep`.
void reap_orphans(pid_t keep);

// Kills a process group and all descendants of this process, and takes note of their ends. Returns
// how many of the latter there were besides `known`.
std::size_t kill_all(pid_t group, pid_t known);

}  // namespace microgpt
