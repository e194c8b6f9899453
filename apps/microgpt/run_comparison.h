// Two runs compared: by replaying them, or by the losses that they wrote down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "microgpt/diff.h"
#include "run_source.h"

namespace microgpt {

struct SettingDifference {
  std::string key;
  std::string a, b;
  bool explains = false;  // the first number that differs
};

// A file that does not hold what its run's settings make.
struct SavedDifference {
  std::string file;
  NumberDifference difference;  // a: replayed, b: in the file
};

struct Comparison {
  bool replayed = false;  // else only losses were compared
  RunDiff diff;
  std::vector<SettingDifference> settings;  // those that explain the difference first
  std::vector<SavedDifference> saved;
  bool same_files = false;  // two saved runs have the same parameters, as told by their files

  bool same() const { return !diff.first && !diff.first_loss && (saved.empty() || same_files); }
};

// most_steps: how many steps to compare at most.
// Throws Error: see replay_of, diff_runs; two logs that have no step in common.
Comparison compare_runs(const RunSource& a, const RunSource& b, const std::string& data,
                        std::int64_t most_steps);

}  // namespace microgpt
