// One sequence after another, token by token or many at once.
#pragma once

#include <memory>

#include "cpu/kernel_runner.h"
#include "cpu/weights.h"
#include "microgpt/engine.h"

namespace microgpt::cpu {

// Reads weights that stay with the engine. Throws Error: memory for the KV cache.
std::unique_ptr<Decoder> make_large_decoder(const Config& config, KernelRunner& runner,
                                            const Weights<const float>& weights);

}  // namespace microgpt::cpu
