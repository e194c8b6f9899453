// How far the work has come, on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/trainer.h"
#include "output.h"

namespace microgpt {

// "1:05", "2:00:00".
std::string describe_seconds(double seconds);

// Of any work: on a terminal a line that is drawn over and over, some ten times a second, and taken
// away in the end; elsewhere nothing.
class StatusLine {
 public:
  StatusLine();
  ~StatusLine();

  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  void draw(std::string_view text);

 private:
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

// Of a training: on a terminal one line that is drawn over and over; elsewhere a sparse log of some
// ten lines, and none for a run of less than a second. Standard output is flushed together with it,
// so that step lines on the same terminal end up above the line and not in it.
class Progress {
 public:
  Progress(Output& out, std::int64_t first_step, std::int64_t num_steps, bool quiet);
  ~Progress();

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Takes note of a step. Returns whether it was time to flush, some ten times a second.
  // Throws: see Output.
  bool step(const StepReport& report);

  // Takes the line away, before anything else is printed.
  void clear();

 private:
  enum class Mode { kOff, kLine, kLog };
  using Clock = std::chrono::steady_clock;

  static Mode choose_mode(bool quiet);
  std::string describe(const StepReport& report) const;
  void draw(const StepReport& report);
  void log(const StepReport& report);

  Output& out_;
  Mode mode_;
  std::int64_t first_step_;
  std::int64_t num_steps_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_flush_ = start_;
  std::int64_t tokens_ = 0;
  double smoothed_ = 0;         // weighted sum of losses,
  double smoothed_weight_ = 0;  // and of the weights: their quotient has no bias to 0
  bool drawn_ = false;
};

}  // namespace microgpt
