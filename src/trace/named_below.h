// What a number was made of.
#pragma once

#include <cstdint>
#include <vector>

#include "microgpt/trace.h"

namespace microgpt {

// Calls f with each named number that a node was made of, from left to right; one that it was made
// of twice comes twice.
template <class F>
void for_each_named_below(const Trace& trace, std::uint32_t root, F f) {
  std::vector<std::uint32_t> waiting;
  const auto push_children = [&](std::uint32_t node) {
    const int children = num_children(trace.graph.op[node]);
    if (children > 1) waiting.push_back(trace.graph.right[node]);
    if (children > 0) waiting.push_back(trace.graph.left[node]);
  };
  for (push_children(root); !waiting.empty();) {
    const std::uint32_t node = waiting.back();
    waiting.pop_back();
    if (trace.names[node] == kUnnamed) {
      push_children(node);
    } else {
      f(trace.names[node]);
    }
  }
}

}  // namespace microgpt
