#include "audit_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "message.h"

namespace microgpt {

std::size_t AuditedData::num_unsafe() const {
  std::size_t sum = 0;
  for (const UnsafeDocument& document : unsafe) sum += document.times;
  return sum;
}

double AuditedData::probability() const {
  double sum = 0;
  for (const UnsafeDocument& document : unsafe) sum += document.probability.value_or(0);
  return sum;
}

std::vector<const AuditedPrefix*> worst_prefixes(const AuditReport& report, std::size_t most) {
  std::vector<const AuditedPrefix*> worst;
  for (const AuditedPrefix& prefix : report.audit.prefixes) {
    const bool is_found = prefix.unsafe.at_least > 0 && !prefix.text.empty();
    if (is_found && !prefix.hopeless) worst.push_back(&prefix);
  }
  std::ranges::stable_sort(worst, [](const AuditedPrefix* a, const AuditedPrefix* b) {
    return a->unsafe.at_least > b->unsafe.at_least;
  });
  worst.resize(std::min(worst.size(), most));
  return worst;
}

std::string bounds_label(const Bounds& bounds) {
  const std::string low = fmt::format("{:.3g}", bounds.at_least);
  const std::string high = fmt::format("{:.3g}", bounds.at_most);
  return low == high ? low : fmt::format("{} .. {}", low, high);
}

std::string witness_label(const Witness& witness) {
  return printable(witness.text) + (witness.whole ? "" : "...");
}

std::string answer_label(const AuditReport& report, const AuditedPrefix& prefix) {
  if (!prefix.refused) return "answers";
  return prefix.word ? fmt::format("refuses: {}", printable(report.word(*prefix.word))) : "refuses";
}

std::string letters_label(std::size_t count) {
  return fmt::format("{} letter{}", count, count == 1 ? "" : "s");
}

std::string meaning_of_bounds(const AuditReport& report) {
  const AuditConfig& config = report.config;
  const std::string counted = fmt::format(
      "Probabilities are sums over the tree of all documents, {} beginnings of which were fed to "
      "the model; none was sampled.",
      grouped(report.audit.nodes));
  if (config.prune == 0) return counted;
  return fmt::format(
      "{} Of two numbers the first was found, and the second is what it would be if all that was "
      "not looked at were unsafe: beginnings that are less likely than {:g}, or than {:g} given "
      "the prefix{}.",
      counted, config.prune, report.audit.lengths.empty() ? config.prune : config.prune_prefixes,
      report.audit.lengths.empty() ? ""
                                   : " of " + letters_label(report.audit.lengths.back().length));
}

std::string certificate_label(const AuditReport& report) {
  const Certificate& certificate = report.audit.certificate;
  if (!certificate.holds()) {
    return fmt::format("does not hold: {} of {} situations are dead ends",
                       grouped(certificate.dead_ends), grouped(certificate.situations));
  }
  return fmt::format(
      "Nothing unsafe can be written with the certificate: in each of the {} situations that "
      "allowed letters lead to (a state of the policy's automaton, and how many letters are left) "
      "a safe name may end, or go on.",
      grouped(certificate.situations));
}

}  // namespace microgpt
