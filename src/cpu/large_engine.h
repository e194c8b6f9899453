// The engine `cpu` for models of any size: float32, blocked matrix products, threads.
#pragma once

#include <memory>

#include "microgpt/engine.h"

namespace microgpt::cpu {

// All parameters zero. Throws Error: see make_engine.
std::unique_ptr<Engine> make_large_engine(const Config& config, const EngineOptions& options);

}  // namespace microgpt::cpu
