// Inference of the exact engine, one position after another.
#pragma once

#include <memory>
#include <span>

#include "exact/kernels.h"
#include "exact/layout.h"
#include "microgpt/engine.h"

namespace microgpt::exact {

// Takes a copy of the matrices, transposed, so that the lanes of a vector are outputs.
std::unique_ptr<Decoder> make_decoder(const Config& config, const Layout& layout,
                                      const Kernels& kernels, std::span<const double> params);

}  // namespace microgpt::exact
