// Graphs as text and as JSON.
#pragma once

#include <optional>
#include <string>

#include "microgpt/graph.h"

namespace microgpt {

struct GraphTextOptions {
  int digits = 6;                // significant ones of a number, in text
  std::size_t turns = SIZE_MAX;  // of the backward pass that the gradients are of
  bool steps = false;            // tell each turn
  bool wrong = false;            // compare with the recursive backward
};

// How many nodes of which kind, and a line for each if they are few.
std::string format_nodes(const Graph& graph, int digits);

// The topological order, and what each of the first `turns` turns of the backward pass adds.
std::string format_steps(Graph graph, const GraphTextOptions& options);

// Each node's gradient by backward and by recursive_backward.
// Throws Error: see recursive_backward.
std::string format_comparison(Graph graph, int digits);

// All of it, see docs/formats.md.
std::string format_graph_json(Graph graph, const GraphTextOptions& options);

}  // namespace microgpt
