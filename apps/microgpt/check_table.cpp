// A check for people, on standard output.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "check_report.h"
#include "data_source.h"
#include "message.h"
#include "settings.h"

namespace microgpt {
namespace {

// "1 error", "no warnings"
std::string counted_severity(const ListReport& list, Severity severity) {
  const std::size_t count = list.count(severity);
  const std::string noun(to_string(severity));
  return count == 0 ? "no " + noun + "s" : counted(count, noun);
}

std::string counted_severities(const ListReport& list) {
  return fmt::format("{}, {}, {}", counted_severity(list, Severity::kError),
                     counted_severity(list, Severity::kWarning),
                     counted_severity(list, Severity::kNote));
}

std::string duration_label(double seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

class CheckTable {
 public:
  explicit CheckTable(const CheckReport& report) : report_(report), list_(report.list) {}

  std::string write() {
    write_head();
    for (const Finding& finding : list_.findings) write_finding(finding);
    line("\n" + counted_severities(list_));
    if (report_.fixed) write_copy(*report_.fixed);
    write_suggestion();
    return std::move(text_);
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  void write_head();
  void write_finding(const Finding& finding);
  void write_copy(const FixedList& fixed);
  void write_suggestion();

  const CheckReport& report_;
  const ListReport& list_;
  std::string text_;
};

void CheckTable::write_head() {
  line(fmt::format("list     {}", printable(report_.file)));
  line(fmt::format("size     {}, {}, {}, {}{} of them different", counted(list_.bytes, "byte"),
                   counted(list_.lines, "line"), counted(list_.documents, "document"),
                   list_.sampling > 0 ? "about " : "", grouped(list_.distinct)));
  if (list_.documents == 0) return;
  std::vector<std::string> scripts;
  for (const auto& [script, letters] : list_.scripts) scripts.push_back(script);
  const UnitCounts& points = list_.unit(TokenKind::kCodepoint);
  line(fmt::format("letters  {} different{}{}", grouped(points.different),
                   scripts.empty() ? "" : "; ", fmt::join(scripts, ", ")));
  line(fmt::format(
      "lengths  half of the documents have at most {} code points, 95 % at most {}, the "
      "longest {}",
      grouped(list_.median_length), grouped(list_.length_95), grouped(points.longest)));
  if (list_.joiners_in_place == 0) return;
  const bool one = list_.joiners_in_place == 1;
  line(fmt::format("joiners  {} that belong{} where {}, in emoji or in scripts that need {}",
                   counted(list_.joiners_in_place, "invisible character"), one ? "s" : "",
                   one ? "it stands" : "they stand", one ? "it" : "them"));
}

void CheckTable::write_finding(const Finding& finding) {
  line(fmt::format("\n{:<8} {}: {}", to_string(finding.severity), to_string(finding.fault),
                   finding.message));
  if (!finding.advice.empty()) line(fmt::format("         {}", finding.advice));
  for (const FaultExample& example : finding.examples) {
    std::string place = fmt::format("line {}", grouped(example.line));
    if (example.byte > 0) place += fmt::format(", byte {}", grouped(example.byte));
    std::string row = fmt::format("           {:<20} ", place);
    if (!example.what.empty()) row += fmt::format("{:<24} ", printable(example.what));
    row += printable(example.text) + (example.is_cut ? "..." : "");
    line(row.substr(0, row.find_last_not_of(' ') + 1));
  }
  const std::size_t shown = finding.examples.size();
  if (shown == 0 || shown >= finding.count) return;
  const bool by_length =
      finding.fault == ListFault::kOutlier || finding.fault == ListFault::kLongerThanBlock;
  line(fmt::format("           and {} more{}", grouped(finding.count - shown),
                   shown >= report_.config.max_examples ? "; --all shows them"
                   : by_length                          ? ", none of them longer"
                                                        : ""));
}

// What is left to do, without examples: they are those of the list, but for its line numbers.
void CheckTable::write_copy(const FixedList& fixed) {
  line(fmt::format("\nclean copy {}: {}", printable(fixed.path), counted_severities(fixed.list)));
  for (const Finding& finding : fixed.list.findings) {
    if (finding.severity == Severity::kNote) continue;
    line(fmt::format("{:<8} {}: {}", to_string(finding.severity), to_string(finding.fault),
                     finding.message));
  }
}

void CheckTable::write_suggestion() {
  if (!report_.suggestion) return;
  const Suggestion& suggestion = *report_.suggestion;
  line("\nsuggested for this list");
  for (const Suggestion::Reason& reason : suggestion.reasons) {
    std::string row = fmt::format("  {:<14} {:<10} {}", reason.setting, reason.value, reason.why);
    line(row.substr(0, row.find_last_not_of(' ') + 1));
  }
  line(fmt::format("  {:<14} {}, by some steps on this machine", "time",
                   duration_label(report_.seconds)));
  line("\n  " + train_command_line(report_));
}

}  // namespace

std::string train_command_line(const CheckReport& report) {
  const Settings usual = default_settings(Edition::kFinal);
  Settings settings = settings_of(report.suggestion.value());
  if (!report.fixed) settings.encoding = report.config.encoding;
  const std::string data = report.fixed         ? report.fixed->path
                           : report.file == "-" ? "FILE"
                                                : report.file;
  std::string command = "microgpt train --data " + shell_quoted(data_of_file(data));
  for (const Setting& setting : all_settings()) {
    const std::string value = format_value(setting, settings);
    if (value == format_value(setting, usual)) continue;
    command += fmt::format(" {} {}", flag_of(setting), shell_quoted(value));
  }
  return command;
}

std::string check_table(const CheckReport& report) { return CheckTable(report).write(); }

}  // namespace microgpt
