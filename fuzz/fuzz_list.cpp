// ListChecker and ListFixer: the documents are those of a Dataset, and a fixed list has nothing
// left to fix.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "check.h"
#include "microgpt/check.h"
#include "microgpt/dataset.h"
#include "microgpt/error.h"

namespace {

microgpt::ListReport report_of(std::string_view bytes) {
  microgpt::ListChecker checker({});
  for (std::size_t at = 0; at < bytes.size(); at += 7) checker.add(bytes.substr(at, 7));
  return checker.finish();
}

// Nothing if it can't be fixed.
std::optional<std::string> fixed(std::string_view bytes) {
  std::string text;
  try {
    microgpt::ListFixer fixer(
        {}, [&](std::string_view part) { text += part; }, [](const microgpt::ListChange&) {});
    fixer.add(bytes);
    fixer.finish();
  } catch (const microgpt::Error&) {
    return std::nullopt;
  }
  return text;
}

void check_fixed(const std::string& text) {
  const microgpt::ListReport report = report_of(text);
  for (const microgpt::Finding& finding : report.findings) {
    check(!is_fixable(finding.fault) || finding.fault == microgpt::ListFault::kDuplicate,
          "a fixed list has something to fix");
  }
  check(microgpt::Dataset(text, "fixed").size() == report.documents,
        "a fixed list is not what training reads");
  check(fixed(text) == text, "to fix a fixed list changes it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  report_of(bytes);
  if (const auto text = fixed(bytes)) check_fixed(*text);
  return 0;
}
