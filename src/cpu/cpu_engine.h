// The engine `cpu`: float32, vectors, batches, threads; for models of any size.
#pragma once

#include <memory>

#include "microgpt/engine.h"

namespace microgpt::cpu {

// All parameters zero. Throws Error: see make_engine.
std::unique_ptr<Engine> make_cpu_engine(const Config& config, const EngineOptions& options);

// The same without the special case for tiny models, so that tests can hold one against the other.
std::unique_ptr<Engine> make_large_engine(const Config& config, const EngineOptions& options);

}  // namespace microgpt::cpu
