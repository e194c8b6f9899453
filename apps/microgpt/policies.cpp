#include "policies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "command.h"
#include "embedded_policies.h"
#include "input.h"
#include "message.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

// A few million words; what is larger is another file, named by mistake.
constexpr std::size_t kMaxPolicyBytes = std::size_t{64} << 20;

const EmbeddedPolicy* find_built_in(std::string_view name) {
  for (const EmbeddedPolicy& policy : embedded_policies()) {
    if (policy.name == name) return &policy;
  }
  return nullptr;
}

std::string read_policy(const std::string& path) {
  if (std::error_code error; !std::filesystem::exists(path, error) && !error) {
    throw Error(fmt::format(
        "{}: no policy of this name and no file, expected a file or one of the built-in policies "
        "{}",
        path, fmt::join(built_in_policies(), ", ")));
  }
  std::string bytes = read_bytes(path, kMaxPolicyBytes + 1);
  if (bytes.size() > kMaxPolicyBytes) {
    throw Error(
        fmt::format("{}: too large, expected a policy of at most {} bytes", path, kMaxPolicyBytes));
  }
  return bytes;
}

}  // namespace

std::vector<std::string> built_in_policies() {
  std::vector<std::string> names;
  for (const EmbeddedPolicy& policy : embedded_policies()) names.emplace_back(policy.name);
  return names;
}

std::string_view built_in_policy_text(std::string_view name) { return find_built_in(name)->text; }

CLI::Option* add_policy(CLI::App& app, const std::string& option, std::string& name,
                        const std::string& help) {
  return add_value(app, option, &name, fmt::format("FILE|{}", fmt::join(built_in_policies(), "|")),
                   "", help);
}

void note_unspellable_words(const Policy& policy, const Tokenizer& tokenizer) {
  constexpr std::size_t kShown = 5;
  const std::vector<std::size_t> missing = unspellable_words(policy, tokenizer);
  if (missing.empty()) return;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(missing.size(), kShown); ++i) {
    shown.push_back(policy.words[missing[i]].text);
  }
  print_note(fmt::format("policy {}: {} of {} words have letters that the model lacks: {}{}",
                         policy.name, missing.size(), policy.words.size(), fmt::join(shown, ", "),
                         missing.size() > kShown ? ", ..." : ""));
}

Policy open_policy(const std::string& name) {
  if (const EmbeddedPolicy* const policy = find_built_in(name)) {
    return parse_policy(policy->text, name);
  }
  return parse_policy(read_policy(name), name);
}

}  // namespace microgpt
