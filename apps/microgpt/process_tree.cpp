#include "process_tree.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

namespace microgpt {
namespace {

namespace fs = std::filesystem;

struct Entry {
  pid_t parent = 0;
  std::size_t threads = 0;
  std::size_t resident_pages = 0;
  bool is_dead = false;
};

// What /proc says of a process, unless it is gone.
std::optional<Entry> read_entry(pid_t process) {
  const std::string path = "/proc/" + std::to_string(process) + "/stat";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 1024> text{};
  const ssize_t size = read(file, text.data(), text.size() - 1);
  close(file);
  if (size <= 0) return std::nullopt;
  // The name in parentheses may hold anything, parentheses too; no field after it does.
  const char* const after_name = std::find(text.rbegin(), text.rend(), ')').base();
  char state = 0;
  int parent = 0;
  long threads = 0, pages = 0;
  const char* const format =
      " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %*u %*u %ld";
  if (std::sscanf(after_name, format, &state, &parent, &threads, &pages) != 4) return std::nullopt;
  return Entry{parent, static_cast<std::size_t>(std::max(threads, 0L)),
               static_cast<std::size_t>(std::max(pages, 0L)), state == 'Z' || state == 'X'};
}

std::map<pid_t, Entry> read_all() {
  std::map<pid_t, Entry> all;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    pid_t process = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), process);
    if (read.ec != std::errc() || read.ptr != name.data() + name.size()) continue;
    if (const auto entry = read_entry(process)) all.emplace(process, *entry);
  }
  return all;
}

// Whether a process has another among its ancestors.
bool descends(const std::map<pid_t, Entry>& all, pid_t process, pid_t from) {
  // A number that was given away anew while we read could close a circle.
  for (std::size_t steps = 0; steps < all.size(); ++steps) {
    const auto at = all.find(process);
    if (at == all.end()) return false;
    process = at->second.parent;
    if (process == from) return true;
  }
  return false;
}

// Takes note of the ends of children, adopted ones too.
void reap() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace

void adopt_orphans() {
#ifdef __linux__
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
}

void reap_orphans(pid_t keep) {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    if (info.si_pid == 0 || info.si_pid == keep) return;
    waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

ProcessTree find_descendants() {
  ProcessTree tree;
#ifdef __linux__
  static const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::map<pid_t, Entry> all = read_all();
  for (const auto& [process, entry] : all) {
    if (entry.is_dead || !descends(all, process, getpid())) continue;
    tree.processes.push_back(process);
    tree.threads += entry.threads;
    tree.resident_bytes += entry.resident_pages * page_size;
  }
#endif
  return tree;
}

std::size_t kill_all(pid_t group, pid_t known) {
  using namespace std::chrono_literals;
  constexpr auto kLongest = 3s;
  const auto start = std::chrono::steady_clock::now();
  std::size_t others = 0;
  bool is_first = true;
  ProcessTree tree = find_descendants();
  // A process may have started another between our look and its end, so we look again.
  do {
    // At once, so that no member of the group can start another. Later its number may be another's.
    if (is_first) kill(-group, SIGKILL);
    for (const pid_t process : tree.processes) {
      if (is_first && process != known) ++others;
      kill(process, SIGKILL);
    }
    is_first = false;
    reap();
    tree = find_descendants();
    if (!tree.processes.empty()) std::this_thread::sleep_for(1ms);
  } while (!tree.processes.empty() && std::chrono::steady_clock::now() - start < kLongest);
  reap();
  return others;
}

}  // namespace microgpt
