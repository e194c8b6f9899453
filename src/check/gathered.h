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

// Of a document, by TokenKind.
using Lengths = std::array<std::size_t, 3>;

struct LongDocument {
  Lengths lengths{};
  FaultExample example;  // what: empty

  std::size_t code_points() const { return lengths[0]; }
};

struct Gathered {
  CheckConfig config;
  std::size_t bytes = 0, lines = 0, documents = 0;
  std::string foreign;  // what it is in place of a text in its encoding; empty if it is one
  std::array<Tally, kNumFaults> tallies;
  std::array<std::size_t, 4> ends{};  // by LineEnd
  std::size_t joiners_in_place = 0;
  std::size_t windows_bytes = 0;                    // no UTF-8, and control characters in Latin-1
  std::array<std::vector<std::size_t>, 3> lengths;  // by TokenKind, [n]: documents of n tokens
  std::vector<LongDocument> longest;  // some of the longest, as a heap with the shortest on top
  LineScanner scanner;
  TextCounter texts{kMostTexts};

  // 3 million: two tables of 64 MiB.
  static constexpr std::size_t kMostTexts = 3 << 20;

  Tally& tally(ListFault fault) { return tallies[static_cast<std::size_t>(fault)]; }
};

ListReport make_report(Gathered& gathered);

}  // namespace microgpt::check
