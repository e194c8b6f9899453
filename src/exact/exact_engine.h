// The engine with Python's bits and no graph: forward, backward and Adam in fused double kernels.
#pragma once

#include <memory>

#include "microgpt/engine.h"

namespace microgpt::exact {

// Throws Error: config.check() fails, the model would not fit into this machine's memory, or
// MICROGPT_ISA names an instruction set that can't be used. Its loss_and_grad and train_step throw
// Error, before they take any memory, if a sequence would not fit.
std::unique_ptr<Engine> make_exact_engine(const Config& config);

}  // namespace microgpt::exact
