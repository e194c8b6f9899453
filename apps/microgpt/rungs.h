// The ladder: programs to be read side by side, each a small step from the one before.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace microgpt {

// A rung, or a program that stands beside the ladder.
struct LadderProgram {
  std::string_view name;  // "train3"
  std::string_view adds;  // what is new, in a few words
  int num_params = 0;     // of a rung; 0: it has none
  double loss = 0;        // of a rung: mean of the last 50 of its 1,000 steps on names.txt
};

// The whole of ladder/NAME.cpp, for the name of a program.
std::string_view ladder_source(std::string_view name);

// Why one rung differs from the one before.
struct Change {
  std::string_view code;  // stands in a changed line of the hunk that is meant
  std::string_view why;   // one sentence
};

// In order: train0 up to train5.
const std::vector<LadderProgram>& rungs();

// micrograd and toy.
const std::vector<LadderProgram>& programs_beside();

// One for each hunk of the diff from rung `to` - 1 to rung `to`, in order. REQUIRES: 1 <= to <= 5.
const std::vector<Change>& changes(std::size_t to);

}  // namespace microgpt
