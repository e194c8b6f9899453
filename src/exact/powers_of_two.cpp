#include "exact/powers_of_two.h"

#include <cmath>

namespace microgpt::exact {

PowersOfTwo::PowersOfTwo() {
  for (int i = 0; i < 16; ++i) {
    const long double power = std::exp2(static_cast<long double>(i) / 16);
    high[i] = static_cast<double>(power);
    low[i] = static_cast<double>(power - static_cast<long double>(high[i]));
  }
}

const PowersOfTwo kPowersOfTwo;

}  // namespace microgpt::exact
