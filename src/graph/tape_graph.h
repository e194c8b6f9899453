// A tape's nodes in columns.
#pragma once

#include "microgpt/graph.h"
#include "reference/value.h"

namespace microgpt {

// All nodes of the tape, with their data and gradients as they are.
Graph graph_of(const reference::Tape& tape, std::size_t root);

}  // namespace microgpt
