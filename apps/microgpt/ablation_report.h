// An ablation study in the forms that `microgpt ablate` shows it in.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "microgpt/ablate.h"

namespace microgpt {

struct AblationReport {
  std::string data;  // for people
  std::string data_sha256;
  std::size_t documents = 0;
  std::string settings;  // of the unchanged model, a JSON object
  AblationConfig config;
  std::vector<VariantResult> results = {};
  bool was_stopped = false;  // by hand, with runs left to be done

  const VariantResult& base() const { return results.front(); }
};

// The numbers that a picture of the differences shows: 0 and all ends of intervals.
struct DifferenceRange {
  double low = 0;
  double high = 0;
};
DifferenceRange range_of_differences(const AblationReport& report);

// "2.3456 +- 0.0012"; without an interval "2.3456"; "-" without a number.
std::string loss_label(const Estimate& estimate);
std::string difference_label(const Estimate& estimate);  // the same with a sign

// What was done, what the numbers mean, and what is to be noted, in sentences for all forms.
std::string design_label(const AblationReport& report);
std::string meaning_label();
std::vector<std::string> ablation_remarks(const AblationReport& report);

// For people, for machines (docs/ablation.md), and for people in one file that needs no other.
std::string ablation_table(const AblationReport& report);
std::string ablation_json(const AblationReport& report);
std::string ablation_html(const AblationReport& report);

// The differences and their intervals as a picture of its own.
std::string ablation_svg(const AblationReport& report);

}  // namespace microgpt
