// A whole run of microgpt.py, by an engine of ours or by the original.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "microgpt/config.h"

namespace microgpt::test {

// What to run.
struct Training {
  Config config;  // vocab_size is taken from the data
  TrainConfig train;
  std::string data;           // path
  std::int64_t grads_at = 1;  // the step, counted from 1, whose gradients are kept
  double temperature = 0.5;
  int num_samples = 20;
};

// Every number that it makes.
struct Numbers {
  std::vector<double> losses;  // of all steps
  std::vector<double> grads;   // of step grads_at
  std::vector<double> params;  // at the end
  std::string params_sha256;
  std::vector<std::string> samples;
};

Numbers run_engine(const std::string& engine, const Training& training);

// The original, through oracle/run.py, or nothing where that or python3 is absent. microgpt.py has
// no flags for betas, eps_adam, init_std, optimizer, activation and schedule: these are the
// edition's own.
std::optional<Numbers> run_oracle(const Training& training);

// The content of a JSON file in oracle/run.py's format.
Numbers read_numbers(const std::string& path);

// Expects two runs to be equal in every bit.
void expect_same_bits(const Numbers& ours, const Numbers& theirs);

}  // namespace microgpt::test
