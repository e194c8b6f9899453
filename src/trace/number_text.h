// Numbers as they stand in formulas.
#pragma once

#include <string>

namespace microgpt {

// digits: significant ones; 17: the shortest decimals that read back to the same double.
std::string number_text(double x, int digits);

}  // namespace microgpt
