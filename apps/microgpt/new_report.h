// What `microgpt new` made of a list, in the forms that it is shown in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "microgpt/check.h"
#include "microgpt/fit.h"
#include "microgpt/statistics.h"
#include "settings.h"

namespace microgpt {

struct NewReport {
  std::string data;  // for people
  std::string data_sha256;
  std::size_t documents = 0, distinct = 0, trained_on = 0, held_out = 0;
  bool split_by_rows = false;
  bool was_stopped = false;                 // by hand
  Settings settings;                        // of the model that is kept, with its seed
  std::vector<Suggestion::Reason> reasons;  // of these settings
  std::vector<std::uint64_t> seeds;
  std::vector<Fit> fits;  // of each seed; those with a point in the curve
  std::size_t chosen = 0;
  Baselines baselines = {};
  NoveltyCount held_out_novelty = {};
  std::vector<Writing> writings = {};

  const Fit& kept() const { return fits.at(chosen); }
  Estimate loss() const;  // of the held-out documents, over the seeds
};

// What the numbers say, in sentences.
std::vector<std::string> verdicts(const NewReport& report);

// "2.345 +- 0.012", "12.3 %"
std::string estimate_label(const Estimate& estimate);
std::string share_label(std::size_t part, std::size_t whole);

// For people, for machines (docs/your-own-list.md), and for people in one file that needs no other.
std::string new_table(const NewReport& report);
std::string new_json(const NewReport& report);
std::string new_html(const NewReport& report);

}  // namespace microgpt
