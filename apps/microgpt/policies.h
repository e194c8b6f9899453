// Policies by name: those that the program carries, and files.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/policy.h"

namespace microgpt {

// The names of the policies that the program carries, in alphabetical order.
std::vector<std::string> built_in_policies();

// The file that a built-in policy is made of. REQUIRES: it is one's name.
std::string_view built_in_policy_text(std::string_view name);

// A built-in policy's name, or else a file. Throws Error: there is neither, naming the built-in
// ones; the file can't be read or is too large; as parse_policy does.
Policy open_policy(const std::string& name);

// Adds an option that takes such a name.
CLI::Option* add_policy(CLI::App& app, const std::string& option, std::string& name,
                        const std::string& help);

// Says on standard error which words a model has no letters for: they can't come out anyway.
void note_unspellable_words(const Policy& policy, const Tokenizer& tokenizer);

}  // namespace microgpt
