// What a pass over a list has gathered, and what is made of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check/line_scan.h"
#include "check/text_counter.h"
#include "microgpt/check.h"

namespace microgpt::check {

struct Tally {
  std::size_t count = 0;
  std::vector<FaultExample> examples;
};

struct LongDocument {
  std::size_t length = 0;  // in code points
  std::size_t line = 0;
  std::string text;  // its beginning
};

struct Gathered {
  CheckConfig config;
  std::size_t bytes = 0, lines = 0, documents = 0;
  std::string foreign;  // what it is in place of a text in its encoding; empty if it is one
  std::array<Tally, kNumFaults> tallies;
  std::array<std::size_t, 4> ends{};  // by LineEnd
  std::size_t joiners_in_place = 0;
  std::size_t graphemes = 0, longest_graphemes = 0, longest_bytes = 0;
  std::vector<std::size_t> lengths;   // [n]: documents of n code points
  std::vector<LongDocument> longest;  // some of the longest, as a heap with the shortest on top
  LineScanner scanner;
  TextCounter texts{kMostTexts};

  // 3 million: two tables of 64 MiB.
  static constexpr std::size_t kMostTexts = 3 << 20;

  Tally& tally(ListFault fault) { return tallies[static_cast<std::size_t>(fault)]; }
};

ListReport make_report(Gathered& gathered);

}  // namespace microgpt::check
