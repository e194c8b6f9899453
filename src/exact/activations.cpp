#include "exact/activations.h"

#include <algorithm>

#include "base/memory.h"
#include "exact/kernels.h"

namespace microgpt::exact {

void Activations::resize(const Layout& layout, std::size_t n) {
  const std::uint64_t needed = lay_out(layout, n, nullptr);
  if (needed > capacity_) {
    check_memory("engine exact: the activations of a sequence",
                 static_cast<double>(needed) * sizeof(double));
    memory_.reset();
    capacity_ = 0;
    memory_ = make_aligned<double>(static_cast<std::size_t>(needed));
    capacity_ = static_cast<std::size_t>(needed);
  }
  lay_out(layout, n, memory_.get());
}

// Returns how many doubles it takes, all in all.
std::uint64_t Activations::lay_out(const Layout& layout, std::size_t n, double* begin) {
  // A size_t may have 32 bits, in which this could be more than fits.
  const std::uint64_t C = layout.C, H = layout.H, V = layout.V, n_tiles = tiles_of(n);
  const std::uint64_t N = padded(n);
  std::uint64_t used = 0;
  const auto take = [&](std::uint64_t count) {
    double* const array = begin == nullptr ? nullptr : begin + used;
    used += (count + kTile - 1) / kTile * kTile;
    return array;
  };
  const auto tiles = [&](std::uint64_t features) { return take(n_tiles * features * kTile); };
  const auto by_position = [&](std::size_t features) { return take(N * padded(features)); };

  embedding = tiles(C);
  ms = tiles(1);
  scale = tiles(1);
  layers.resize(layout.L);
  for (LayerActivations& layer : layers) {
    layer.x = tiles(C);
    layer.normed = tiles(C);
    layer.ms = tiles(1);
    layer.scale = tiles(1);
    layer.qkv = tiles(3 * C);
    layer.exps = take(H * n_tiles * n * kTile);
    layer.total = tiles(H);
    layer.inverse = tiles(H);
    layer.attended = tiles(C);
    layer.x_mlp = tiles(C);
    layer.normed_mlp = tiles(C);
    layer.ms_mlp = tiles(1);
    layer.scale_mlp = tiles(1);
    layer.hidden = tiles(4 * C);
    layer.activated = tiles(4 * C);
  }
  x_final = tiles(C);
  logits = tiles(V);
  losses = tiles(1);
  dlogits = tiles(V);
  dtarget = tiles(1);
  target_rows = tiles(C);
  dx = tiles(C);
  dnormed = tiles(C);
  dqkv = tiles(3 * C);
  dhidden = tiles(4 * C);
  dattended = tiles(C);
  attention_scratch = take(4 * N * N);
  rows = by_position(4 * layout.C);
  return used;
}

}  // namespace microgpt::exact
