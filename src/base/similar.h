// Names that somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

// The few candidates that take the fewest changes of a letter to become the name, the nearest
// first.
std::vector<std::string> similar_names(std::string_view name,
                                       std::span<const std::string> candidates);

}  // namespace microgpt
