// An audit in the forms that `microgpt audit` shows it in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/audit.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// What the policy says of the data that a model learned from.
struct AuditedData {
  std::string origin;  // for people
  std::string sha256;
  bool is_other = false;      // the model says that it learned from another file
  std::size_t documents = 0;  // in all
  std::vector<UnsafeDocument> unsafe;

  std::size_t num_unsafe() const;  // as often as each stands there
  double probability() const;      // that the model writes one of them
};

struct AuditReport {
  std::string model;  // its name
  Tokenizer tokenizer;
  Policy policy;
  std::size_t unspellable = 0;  // words that the model's letters can't write
  AuditConfig config;
  Audit audit;
  std::optional<AuditedData> data;
  std::string no_data;  // why there is none

  const AuditedPrefix& none() const { return audit.prefixes.front(); }
  std::string word(std::size_t index) const { return policy.words[index].text; }
};

// Prefixes of all lengths after which something unsafe is likeliest, as far as was looked; those
// that are hopeless, where nothing else can come, are left out.
std::vector<const AuditedPrefix*> worst_prefixes(const AuditReport& report, std::size_t most);

// "0.161 .. 0.249", or one number where that is the same.
std::string bounds_label(const Bounds& bounds);

// "melon...": what may follow a beginning is left open.
std::string witness_label(const Witness& witness);

// "refuses: fig", "refuses" or "answers".
std::string answer_label(const AuditReport& report, const AuditedPrefix& prefix);

// "1 letter", "3 letters".
std::string letters_label(std::size_t count);

// What the numbers mean, in sentences for all forms.
std::string meaning_of_bounds(const AuditReport& report);
std::string certificate_label(const AuditReport& report);

// For people, for machines (docs/audit.md), and for people in one file that needs no other.
std::string audit_table(const AuditReport& report);
std::string audit_json(const AuditReport& report);
std::string audit_html(const AuditReport& report);

}  // namespace microgpt
