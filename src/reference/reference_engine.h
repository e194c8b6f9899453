// The engine that defines the numbers: microgpt.py's scalar graph, bit for bit.
#pragma once

#include <cstddef>
#include <memory>

#include "microgpt/engine.h"

namespace microgpt::reference {

// Bytes that the graph of a document takes while it is made.
double graph_bytes(const Config& config, std::size_t tokens);

// Throws Error: config.check() fails, or the parameters would not fit into this machine's memory.
// Its loss_and_grad throws Error, before it takes any memory, if the graph would not.
std::unique_ptr<Engine> make_reference_engine(const Config& config);

}  // namespace microgpt::reference
