// The engine `cpu` for tiny models: float32, a document's positions held in registers.
#pragma once

#include <memory>

#include "microgpt/engine.h"

namespace microgpt::cpu {

// Whether a row of n_embd and a document fit what the kernels hold in registers and scratch memory.
bool small_engine_fits(const Config& config);

// An engine with all parameters zero. REQUIRES: config.check() passes and small_engine_fits.
// Throws Error: MICROGPT_ISA names no instruction set, or threads can't be started.
std::unique_ptr<Engine> make_small_engine(const Config& config, const EngineOptions& options);

}  // namespace microgpt::cpu
