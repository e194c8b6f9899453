// A table for exp.
#pragma once

namespace microgpt::exact {

// 2 ** (i / 16) = high[i] + low[i], to 2^-64 of it.
struct PowersOfTwo {
  PowersOfTwo();

  double high[16], low[16];
};

extern const PowersOfTwo kPowersOfTwo;

}  // namespace microgpt::exact
