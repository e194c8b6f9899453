// A check for machines: docs/check.md.
#include <nlohmann/json.hpp>

#include "check_report.h"

namespace microgpt {
namespace {

using CheckJson = nlohmann::ordered_json;

CheckJson json_of_units(const ListReport& list) {
  CheckJson units;
  for (const TokenKind unit : {TokenKind::kCodepoint, TokenKind::kGrapheme, TokenKind::kByte}) {
    const UnitCounts& counts = list.unit(unit);
    units[std::string(to_string(unit))] = {
        {"different", counts.different}, {"total", counts.total}, {"longest", counts.longest}};
  }
  return units;
}

CheckJson json_of_finding(const Finding& finding) {
  CheckJson examples = CheckJson::array();
  for (const FaultExample& example : finding.examples) {
    examples.push_back({{"line", example.line},
                        {"byte", example.byte},
                        {"what", example.what},
                        {"text", example.text},
                        {"cut", example.is_cut}});
  }
  return {{"fault", to_string(finding.fault)},
          {"severity", to_string(finding.severity)},
          {"count", finding.count},
          {"estimated", finding.estimated},
          {"fixable", is_fixable(finding.fault)},
          {"message", finding.message},
          {"advice", finding.advice},
          {"examples", std::move(examples)}};
}

CheckJson json_of_suggestion(const CheckReport& report) {
  if (!report.suggestion) return {};
  const Suggestion& suggestion = *report.suggestion;
  CheckJson reasons;
  for (const Suggestion::Reason& reason : suggestion.reasons) reasons[reason.setting] = reason.why;
  return {{"tokens", to_string(suggestion.tokens)},
          {"block_size", suggestion.config.block_size},
          {"n_layer", suggestion.config.n_layer},
          {"n_embd", suggestion.config.n_embd},
          {"n_head", suggestion.config.n_head},
          {"num_params", suggestion.config.num_params()},
          {"batch_size", suggestion.train.batch_size},
          {"learning_rate", suggestion.train.learning_rate},
          {"num_steps", suggestion.train.num_steps},
          {"engine", suggestion.engine},
          {"epochs", suggestion.epochs},
          {"memorises", suggestion.memorises},
          {"seconds", report.seconds},
          {"command", train_command_line(report)},
          {"reasons", std::move(reasons)}};
}

CheckJson json_of_findings(const ListReport& list) {
  CheckJson findings = CheckJson::array();
  for (const Finding& finding : list.findings) findings.push_back(json_of_finding(finding));
  return findings;
}

CheckJson json_of_fixed(const CheckReport& report) {
  if (!report.fixed) return {};
  return {{"path", report.fixed->path},
          {"changes_path", report.fixed->changes_path},
          {"documents", report.fixed->documents},
          {"changes", report.fixed->changes},
          {"findings", json_of_findings(report.fixed->list)}};
}

}  // namespace

std::string check_json(const CheckReport& report) {
  const ListReport& list = report.list;
  CheckJson scripts = CheckJson::object();
  for (const auto& [script, letters] : list.scripts) scripts[script] = letters;
  const CheckJson json = {{"format", "microgpt-check-v1"},
                          {"file", report.file},
                          {"block_size", list.block_size},
                          {"bytes", list.bytes},
                          {"lines", list.lines},
                          {"documents", list.documents},
                          {"distinct", list.distinct},
                          {"sampling", list.sampling},
                          {"leak", list.leak},
                          {"median_length", list.median_length},
                          {"length_95", list.length_95},
                          {"units", json_of_units(list)},
                          {"scripts", std::move(scripts)},
                          {"joiners_in_place", list.joiners_in_place},
                          {"errors", list.count(Severity::kError)},
                          {"warnings", list.count(Severity::kWarning)},
                          {"notes", list.count(Severity::kNote)},
                          {"findings", json_of_findings(list)},
                          {"suggestion", json_of_suggestion(report)},
                          {"fixed", json_of_fixed(report)}};
  return json.dump(1, ' ', false, CheckJson::error_handler_t::replace) + "\n";
}

}  // namespace microgpt
