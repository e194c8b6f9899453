// The policies that the program carries.
#pragma once

#include <string_view>
#include <vector>

namespace microgpt {

struct EmbeddedPolicy {
  std::string_view name;  // "fruits"
  std::string_view text;  // of data/policies/fruits.json
};

// The files of data/policies/, by name.
const std::vector<EmbeddedPolicy>& embedded_policies();

}  // namespace microgpt
