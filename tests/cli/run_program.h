// Running programs as a person would, and looking at what they did.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace microgpt {

struct RunOptions {
  std::vector<std::string> command = {};                // looked up in PATH
  std::string folder = ".";                             // to run in
  std::map<std::string, std::string> environment = {};  // besides ours
  std::string input = {};
  int output = -1;                  // a descriptor for standard output; -1: to be returned
  std::chrono::seconds limit{120};  // then it is killed
};

struct RunResult {
  int status = -1;      // exit status, or 128 + the signal that ended it
  bool killed = false;  // by a signal
  std::string out;
  std::string err;
  double seconds = 0;
  double peak_mib = 0;  // resident
};

// A program that runs.
class Process {
 public:
  explicit Process(const RunOptions& options);
  ~Process();  // kills it if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  bool runs() const;
  // Waits for its end.
  RunResult wait();

 private:
  bool try_wait(RunResult& result);

  pid_t pid_ = -1;
  int out_;
  int err_;
  bool returns_output_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::seconds limit_;
};

RunResult run_program(const RunOptions& options);

}  // namespace microgpt
