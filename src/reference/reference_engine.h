// The engine that defines the numbers: microgpt.py's scalar graph, bit for bit.
#pragma once

#include <memory>

#include "microgpt/engine.h"

namespace microgpt::reference {

// Throws Error: config.check() fails, or the graph of one longest document would not fit into this
// machine's memory.
std::unique_ptr<Engine> make_reference_engine(const Config& config);

}  // namespace microgpt::reference
