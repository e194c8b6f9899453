// What `microgpt diff` takes for a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/loss_log.h"
#include "microgpt/state_dict.h"
#include "settings.h"
#include "training.h"

namespace microgpt {

// Parameters at the end of a run, as a file has them.
struct SavedState {
  std::string file;
  StateDict state;
};

// A saved run, the settings of one, or a log of its losses.
struct RunSource {
  std::string path;
  std::string kind;                  // "folder", "model", "settings" or "log"
  std::optional<Settings> settings;  // nothing for a log
  std::string data_sha256;           // of a saved run
  std::int64_t steps = 0;            // that it has, or would take
  std::vector<SavedState> saved;
  LossLog log;
};

// Throws Error: can't be read, is none of these, or a model that does not say how it was trained.
RunSource read_run_source(const std::string& path);

// The training at its start, on the data that the run names or, where that can't be had or is
// another than the run has learned from, on `data`, which may be empty.
// Throws Error: neither can be had; see start_training. REQUIRES: the run has settings.
Training replay_of(const RunSource& run, const std::string& data);

}  // namespace microgpt
