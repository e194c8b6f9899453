// Settings as options of a command.
#pragma once

#include <CLI/App.hpp>
#include <vector>

#include "settings.h"

namespace microgpt {

// Adds the flag of a setting. What is given for it is appended to the flags, which must outlive the
// app, to be parsed when all are known: an edition brings other defaults.
void add_setting(CLI::App& app, const Setting& setting, std::vector<Assignment>& flags);

// The settings that flags alone make. Throws UsageError: one can't be parsed.
Settings parse_flags(const std::vector<Assignment>& flags);

}  // namespace microgpt
