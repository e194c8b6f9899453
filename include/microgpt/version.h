// Which microgpt.cpp this is.
#pragma once

#include <string_view>

namespace microgpt {

// "1.2.3", by the rules of semver.org.
std::string_view version();

}  // namespace microgpt
