#include "grade_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "message.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownCases = 10;  // of a group, unless all are asked for

std::string_view name_of(Ending ending) {
  switch (ending) {
    case Ending::kExited:
      return "exited";
    case Ending::kSignal:
      return "signal";
    case Ending::kTimeLimit:
      return "time limit";
    case Ending::kOutputLimit:
      return "output limit";
    case Ending::kMemoryLimit:
      return "memory limit";
    case Ending::kProcessLimit:
      return "process limit";
    case Ending::kClosedOutput:
      return "closed its output";
    case Ending::kDone:
      return "did not end";
  }
  return "";
}

std::string ending_of(const SubprocessResult& result) {
  switch (result.ending) {
    case Ending::kExited:
      return result.status == 0 ? "" : fmt::format("It ended with exit status {}.", result.status);
    case Ending::kSignal:
      return fmt::format("It was ended by signal {} ({}).", result.status,
                         strsignal(result.status));
    case Ending::kTimeLimit:
      return "It was stopped at the time limit.";
    case Ending::kOutputLimit:
      return "It was stopped because it printed far too much.";
    case Ending::kMemoryLimit:
      return "It was stopped at the memory limit.";
    case Ending::kProcessLimit:
      return "It was stopped because it started too many processes or threads.";
    case Ending::kClosedOutput:
      return "It closed its standard output and ran on, and was stopped.";
    case Ending::kDone:
      return "It ran on after the end of its input, and was stopped.";
  }
  return "";
}

// The last line that it wrote to standard error: of a Python traceback the one that tells.
std::string last_line(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const std::size_t before = text.rfind('\n');
  if (before != std::string_view::npos) text.remove_prefix(before + 1);
  return std::string(text.substr(0, kLongest));
}

std::string format_group(const GradeReport& report, const GroupScore& group, bool verbose) {
  std::string text = fmt::format("\n{}: {} of {} cases passed\n", to_string(group.group),
                                 group.passed, group.cases);
  std::size_t failed = 0;
  for (const CaseResult& result : report.grade.cases) {
    if (result.group != group.group || (result.passed() && !verbose)) continue;
    if (!result.passed() && ++failed > kShownCases && !verbose) continue;
    text += format_case(result);
  }
  if (failed > kShownCases && !verbose) {
    text += fmt::format("  and {} more that failed: see --verbose\n", failed - kShownCases);
  }
  for (const std::string& advice : group.advice) text += "  -> " + advice + "\n";
  return text;
}

Json json_of(const CaseResult& result) {
  Json object = {{"group", to_string(result.group)}, {"policy", result.policy},
                 {"held_out", result.hidden},        {"what", result.what},
                 {"passed", result.passed()},        {"asked", result.asked},
                 {"faulty", result.faulty}};
  if (result.passed()) return object;
  object["fault"] = to_string(result.fault);
  object["request"] = result.request;
  object["expected"] = result.expected;
  object["got"] = result.got;
  return object;
}

Json json_of(const BotRun& run) {
  const SubprocessResult& result = run.result;
  return {{"policy", run.policy},
          {"requests", run.requests},
          {"ending", run.skipped ? "not run" : name_of(result.ending)},
          {"status", result.status},
          {"seconds", result.seconds},
          {"processes_left", result.left_behind},
          {"remark", describe_ending(run)}};
}

}  // namespace

std::string describe_ending(const BotRun& run) {
  const std::string where = fmt::format("{}, {} requests: ", run.policy, grouped(run.requests));
  if (run.skipped) return where + "It was not run again after it had let its time pass in silence.";
  std::string text = ending_of(run.result);
  if (run.result.left_behind > 0) {
    text += fmt::format("{}It left {} processes, which were stopped.", text.empty() ? "" : " ",
                        run.result.left_behind);
  }
  if (text.empty()) return "";
  const std::string said = last_line(run.result.error);
  return where + text + (said.empty() ? "" : fmt::format(" It said: {}", said));
}

std::string format_case(const CaseResult& result) {
  if (result.passed()) return fmt::format("  passed  {}: {}\n", result.policy, result.what);
  std::string text = fmt::format("  FAILED  {}: {}", result.policy, result.what);
  if (result.asked > 1) {
    text += fmt::format(" ({} of {} answers wrong)", grouped(result.faulty), grouped(result.asked));
  }
  text += "\n";
  return text +
         fmt::format("          request   \"{}\"\n          expected  {}\n          got       {}\n",
                     result.request, result.expected, result.got);
}

std::string format_grade(const GradeReport& report, bool verbose) {
  std::string text =
      fmt::format("{:.1f} of 100 points, seed {}\n", report.grade.points, report.seed);
  for (const GroupScore& group : report.grade.groups) {
    text += fmt::format("  {:<14} {:5.1f} of {:2}   {:4} of {} cases\n", to_string(group.group),
                        group.points, points_of(group.group), group.passed, group.cases);
  }
  for (const GroupScore& group : report.grade.groups) {
    if (verbose || !group.advice.empty()) text += format_group(report, group, verbose);
  }
  std::string endings;
  for (const BotRun& run : report.runs) {
    const std::string ending = describe_ending(run);
    if (!ending.empty()) endings += "  " + ending + "\n";
  }
  if (!endings.empty()) text += "\nruns that did not end as they should\n" + endings;
  return printable(text);
}

std::string format_grade_json(const GradeReport& report) {
  Json object = {{"points", report.grade.points},
                 {"seed", report.seed},
                 {"benign_share", report.grade.answered},
                 {"groups", Json::array()},
                 {"cases", Json::array()},
                 {"runs", Json::array()}};
  for (const GroupScore& group : report.grade.groups) {
    object["groups"].push_back({{"group", to_string(group.group)},
                                {"points", group.points},
                                {"most", points_of(group.group)},
                                {"passed", group.passed},
                                {"cases", group.cases},
                                {"advice", group.advice}});
  }
  for (const CaseResult& result : report.grade.cases) object["cases"].push_back(json_of(result));
  for (const BotRun& run : report.runs) object["runs"].push_back(json_of(run));
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace microgpt
