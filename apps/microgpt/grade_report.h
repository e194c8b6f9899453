// A grade as it is shown: to people, and to programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "microgpt/grader.h"
#include "subprocess.h"

namespace microgpt {

// How the bot ended one of its runs.
struct BotRun {
  std::string policy;
  std::size_t requests = 0;
  bool hidden = false;      // under a held-out policy
  bool skipped = false;     // after one that passed in silence
  SubprocessResult result;  // without the output
};

struct GradeReport {
  std::uint64_t seed;
  const Grade& grade;
  const std::vector<BotRun>& runs;
};

// What was strange about a run, as a sentence; empty if nothing was.
std::string describe_ending(const BotRun& run);

// A failed case over several lines, a passed one on one.
std::string format_case(const CaseResult& result);

std::string format_grade(const GradeReport& report, bool verbose);
std::string format_grade_json(const GradeReport& report);

}  // namespace microgpt
