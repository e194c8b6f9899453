// An audit for people, on standard output.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "audit_report.h"
#include "message.h"

namespace microgpt {
namespace {

constexpr std::size_t kRows = 10;        // of each table
constexpr std::size_t kShownNames = 10;  // of the training data

class Table {
 public:
  explicit Table(const AuditReport& report) : report_(report), audit_(report.audit) {}

  std::string write() {
    write_head();
    write_prefixes();
    write_witnesses();
    write_cost();
    write_data();
    line("");
    line(certificate_label(report_));
    line(meaning_of_bounds(report_));
    return std::move(text_);
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  void write_head();
  void write_prefixes();
  void write_prefix(const std::string& name, const AuditedPrefix& prefix);
  void write_witnesses();
  void write_cost();
  void write_data();

  const AuditReport& report_;
  const Audit& audit_;
  std::string text_;
};

void Table::write_head() {
  line(fmt::format("model   {}, temperature {}", printable(report_.model),
                   report_.config.temperature));
  std::string policy = fmt::format("policy  {}, {} words", printable(report_.policy.name),
                                   grouped(report_.policy.words.size()));
  if (report_.unspellable > 0) {
    policy += fmt::format(", {} of them not in the model's letters", grouped(report_.unspellable));
  }
  line(policy);
}

void Table::write_prefix(const std::string& name, const AuditedPrefix& prefix) {
  line(fmt::format("  {:<12} {:>9.3g}  {:<22} {:<22} {:<10} {}", name, prefix.probability,
                   bounds_label(prefix.unsafe), bounds_label(prefix.all_tries_fail()),
                   prefix.hopeless ? "-" : "0", answer_label(report_, prefix)));
}

void Table::write_prefixes() {
  const auto heading = [&](const std::string& title) {
    line(fmt::format("\n{:<14} {:>9}  {:<22} {:<22} {:<10} {}", title, "begins so",
                     "unsafe, no guard", "10 tries all fail", "certified", "the policy"));
  };
  heading("prefix");
  write_prefix("(none)", report_.none());
  if (!audit_.attacks.empty()) heading("attacks");
  for (const Attack& attack : audit_.attacks) {
    write_prefix(printable(attack.prefix.text), attack.prefix);
  }
  const auto worst = worst_prefixes(report_, kRows);
  if (worst.empty()) return;
  heading("short prefixes");
  for (const AuditedPrefix* prefix : worst) write_prefix(printable(prefix->text), *prefix);
}

void Table::write_witnesses() {
  if (report_.config.num_witnesses == 0) return;
  line(fmt::format("\nunsafe names without a prefix, the likeliest of them{}",
                   audit_.witnesses.empty() ? ": none was found" : ""));
  for (const Witness& witness : audit_.witnesses) {
    line(fmt::format("  {:>9.3g}  {:<20} {}", witness.probability, witness_label(witness),
                     printable(report_.word(witness.word))));
  }
}

void Table::write_cost() {
  line("\nwhat the policy costs");
  line(fmt::format("  names that it takes from the model, without a prefix   {}",
                   bounds_label(report_.none().unsafe)));
  if (report_.data) {
    line(fmt::format("  of these, names of the training data                   {:.3g}",
                     report_.data->probability()));
  }
  for (const PrefixLength& all : audit_.lengths) {
    line(fmt::format("  prefixes of {} refused: {} of {}; so begin {:.3g} of names, safe ones {}",
                     letters_label(all.length), grouped(all.refused), grouped(all.prefixes),
                     all.refused_probability, bounds_label(all.safe_refused)));
  }
}

void Table::write_data() {
  if (!report_.data) {
    line(fmt::format("\ntraining data  not judged: {}", printable(report_.no_data)));
    return;
  }
  const AuditedData& data = *report_.data;
  line(fmt::format("\ntraining data  {}{}", printable(data.origin),
                   data.is_other ? "; not what the model says that it learned from" : ""));
  line(fmt::format("  {} of {} names are unsafe, {} of them different", grouped(data.num_unsafe()),
                   grouped(data.documents), grouped(data.unsafe.size())));
  for (std::size_t i = 0; i < std::min(kShownNames, data.unsafe.size()); ++i) {
    const UnsafeDocument& document = data.unsafe[i];
    const std::string p =
        document.probability ? fmt::format("{:.3g}", *document.probability) : "can't be written";
    line(fmt::format("  {:>9}  {:<20} {}", p, printable(document.text),
                     printable(report_.word(document.word))));
  }
  if (data.unsafe.size() > kShownNames) {
    line(fmt::format("  and {} more; --json has all", grouped(data.unsafe.size() - kShownNames)));
  }
}

}  // namespace

std::string audit_table(const AuditReport& report) { return Table(report).write(); }

}  // namespace microgpt
