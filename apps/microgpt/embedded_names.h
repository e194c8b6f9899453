// The names that the program carries, so that it trains where there is no network.
#pragma once

#include <string_view>

namespace microgpt {

// The text of data/names.txt: one name a line.
std::string_view embedded_names();

}  // namespace microgpt
