// The engine `cpu`: float32, vectors, batches, threads.
#pragma once

#include <memory>

#include "microgpt/engine.h"

namespace microgpt::cpu {

// All parameters zero. A tiny model is computed in its own way, which holds in registers what a
// large one can't. Throws Error: see make_engine.
std::unique_ptr<Engine> make_cpu_engine(const Config& config, const EngineOptions& options);

}  // namespace microgpt::cpu
