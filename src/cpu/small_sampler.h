// A tiny model's sequences: one with its logits, or many that draw their tokens.
#pragma once

#include <cstddef>
#include <memory>

#include "cpu/kernels/small.h"
#include "microgpt/config.h"
#include "microgpt/engine.h"

namespace microgpt::cpu {

// Both read the weights of `model` where they are.
std::unique_ptr<Decoder> make_small_decoder(const Config& config, const SmallKernels& kernels,
                                            const SmallModel& model);
std::unique_ptr<Lanes> make_small_lanes(const Config& config, const SmallKernels& kernels,
                                        const SmallModel& model, std::size_t count,
                                        double temperature);

}  // namespace microgpt::cpu
