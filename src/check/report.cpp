// Names and small questions about a report.
#include <algorithm>
#include <array>

#include "microgpt/check.h"

namespace microgpt {
namespace {

constexpr std::array<std::string_view, kNumFaults> kFaultNames = {
    "encoding",
    "invalid-utf8",
    "nul",
    "huge-line",
    "no-documents",
    "byte-order-mark",
    "replacement",
    "mojibake",
    "control-character",
    "invisible",
    "odd-space",
    "not-nfc",
    "mixed-scripts",
    "longer-than-block",
    "duplicate",
    "near-duplicate",
    "leak",
    "rare-letter",
    "outlier",
    "outer-space",
    "empty-line",
    "line-ends",
    "no-final-newline",
};

}  // namespace

std::string_view to_string(Severity severity) {
  constexpr std::string_view kNames[] = {"error", "warning", "note"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::string_view to_string(ListFault fault) { return kFaultNames[static_cast<std::size_t>(fault)]; }

bool is_fixable(ListFault fault) {
  switch (fault) {
    case ListFault::kNul:
    case ListFault::kByteOrderMark:
    case ListFault::kControl:
    case ListFault::kInvisible:
    case ListFault::kOddSpace:
    case ListFault::kNotNfc:
    case ListFault::kDuplicate:
    case ListFault::kOuterSpace:
    case ListFault::kEmptyLine:
    case ListFault::kLineEnds:
    case ListFault::kNoFinalNewline:
      return true;
    default:
      return false;
  }
}

std::size_t ListReport::count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, &Finding::severity));
}

const Finding* ListReport::find(ListFault fault) const {
  const auto finding = std::ranges::find(findings, fault, &Finding::fault);
  return finding == findings.end() ? nullptr : &*finding;
}

}  // namespace microgpt
