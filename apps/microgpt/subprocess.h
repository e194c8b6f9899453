// Running a program that nobody knows, with an end to it: to its time, memory and output.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace microgpt {

struct SubprocessLimits {
  std::chrono::milliseconds time{60'000};
  std::size_t output_bytes = 8 << 20;    // standard output and error together
  std::size_t memory_bytes = 2UL << 30;  // resident, of all its processes together; 0: no limit
  std::size_t file_bytes = 64 << 20;     // of a file that it writes
  std::size_t processes = 64;            // at once
  std::size_t threads = 1024;            // of all its processes together
};

struct SubprocessOptions {
  std::vector<std::string> command;                              // looked up in PATH
  std::vector<std::pair<std::string, std::string>> environment;  // besides ours
  std::string input;                                             // of standard input
  SubprocessLimits limits;
  // When so many lines were printed, all input was taken, and nothing more was printed for a
  // moment, it is stopped.
  std::size_t expected_lines = 0;
  // Called some 20 times a second with the number of lines so far. May throw: then it is killed.
  std::function<void(std::size_t lines)> tick = [](std::size_t) {};
};

enum class Ending {
  kExited,        // by itself: see status
  kSignal,        // by a signal: see status
  kTimeLimit,     // killed
  kOutputLimit,   // killed
  kMemoryLimit,   // killed
  kProcessLimit,  // killed
  kClosedOutput,  // killed: it closed its standard output and ran on
  kDone,          // killed: it had printed all that was expected and ran on
};

struct SubprocessResult {
  Ending ending = Ending::kExited;
  int status = 0;      // exit status, or the number of the signal
  std::string output;  // what was read before the end
  std::string error;   // the last of its standard error
  double seconds = 0;
  std::size_t left_behind = 0;  // processes that it left, killed
};

// Starts the program in a session of its own, feeds it, and waits for its end; then everything that
// it has started is killed, as far as it can be found: on Linux also what has made itself a session
// or lost its parent. It is no sandbox: the program can do to files and the network what we can.
// Throws Error: the program can't be started.
SubprocessResult run_subprocess(const SubprocessOptions& options);

}  // namespace microgpt
