// What the tests of checks share.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/check.h"

namespace microgpt {

inline ListReport check_text(std::string_view text, CheckConfig config = {}) {
  config.max_examples = std::numeric_limits<std::size_t>::max();
  ListChecker checker(config);
  checker.add(text);
  return checker.finish();
}

struct Fixed {
  std::string text;
  std::vector<std::string> changes;  // "2: U+200B zero width space removed"
};

// Throws what the fixer throws.
inline Fixed fix_text(std::string_view text, const FixConfig& config = {}) {
  Fixed fixed;
  ListFixer fixer(
      config, [&](std::string_view part) { fixed.text += part; },
      [&](const ListChange& change) {
        fixed.changes.push_back(std::to_string(change.line) + ": " + change.what);
      });
  fixer.add(text);
  fixer.finish();
  return fixed;
}

// "invalid-utf8 warning 2 3:5 4:1" for a finding of two, on line 3 at byte 5 and on line 4.
inline std::string describe(const Finding& finding) {
  std::string text = std::string(to_string(finding.fault)) + " " +
                     std::string(to_string(finding.severity)) + " " + std::to_string(finding.count);
  for (const FaultExample& example : finding.examples) {
    text += " " + std::to_string(example.line) + ":" + std::to_string(example.byte);
  }
  return text;
}

// Of all findings but rare letters, which every short list has.
inline std::vector<std::string> findings_of(const ListReport& report) {
  std::vector<std::string> findings;
  for (const Finding& finding : report.findings) {
    if (finding.fault != ListFault::kRareLetter) findings.push_back(describe(finding));
  }
  return findings;
}

}  // namespace microgpt
