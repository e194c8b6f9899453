// The loss of each position and the gradients of its logits.
#include "exact/kernels/math.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {

// p = e_target total ** -1 and the loss is log(p) * -1. Backwards: dp = (1 / p) * -dloss, de_target
// = total ** -1 dp, dtotal = -total ** -2 (e_target dp), and every e_i receives dtotal, the
// target's after its own.
void cross_entropy(double* losses, double* dlogits, double* dtarget, const double* logits,
                   const int* targets, std::size_t n, std::size_t vocab_size, double dloss) {
  for (std::size_t tile = 0; tile < tiles_of(n); ++tile) {
    const double* x = logits + tile * vocab_size * kTile;
    double* e = dlogits + tile * vocab_size * kTile;
    Double8 largest = load(x);
    for (std::size_t i = 1; i < vocab_size; ++i) largest = max(largest, load(x + i * kTile));
    Double8 sum = {};
    for (std::size_t i = 0; i < vocab_size; ++i) {
      const Double8 e_i = exp(load(x + i * kTile) - largest);
      store(e + i * kTile, e_i);
      sum = sum + e_i;
    }
    const Double8 inverse = pow(sum, -1.0), inverse_square = pow(sum, -2.0);
    const std::size_t positions = n - tile * kTile < kTile ? n - tile * kTile : kTile;
    double e_target[kTile] = {}, dp[kTile] = {}, inv[kTile];
    store(inv, inverse);
    for (std::size_t p = 0; p < positions; ++p) {
      const auto target = static_cast<std::size_t>(targets[tile * kTile + p]);
      e_target[p] = e[target * kTile + p];
      const double probability = e_target[p] * inv[p];
      losses[tile * kTile + p] = ::log(probability) * -1.0;
      dp[p] = (1.0 / probability) * (-1.0 * dloss);
    }
    const Double8 dtotal = (splat(-1.0) * inverse_square) * (load(e_target) * load(dp));
    const Double8 de_target = inverse * load(dp) + dtotal;
    store(dtarget + tile * kTile, load(e_target) * de_target);
    for (std::size_t i = 0; i < vocab_size; ++i) {
      store(e + i * kTile, load(e + i * kTile) * dtotal);
    }
    // The target's row of lm_head comes last: here it is left out.
    for (std::size_t p = 0; p < positions; ++p) {
      e[static_cast<std::size_t>(targets[tile * kTile + p]) * kTile + p] = 0;
    }
  }
}

}  // namespace microgpt::exact::MICROGPT_ISA
