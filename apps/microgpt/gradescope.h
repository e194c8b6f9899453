// What Gradescope takes: a program that grades, and what it found.
#pragma once

#include <string>

#include "grade_report.h"

namespace microgpt {

// Writes results.json into a folder, which is made if need be. Its tests are the groups, shown to
// students, and the held-out policies' cases, which they see when grades are published.
// Throws Error: it can't be written.
void write_results(const std::string& folder, const GradeReport& report);

// Makes a folder of setup.sh, run_autograder and this program, to be zipped and uploaded. policy: a
// built-in one's name, or a file, which is copied. more: further options of grade. Throws Error:
// something can't be written.
void write_bundle(const std::string& folder, const std::string& policy, const GraderConfig& config,
                  const std::string& more);

}  // namespace microgpt
