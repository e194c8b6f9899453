// RMSNorm, the MLP's activation and the residual: what is done to each feature by itself.
#include "exact/kernels/math.h"
#include "exact/kernels/table.h"

namespace microgpt::exact::MICROGPT_ISA {

void rmsnorm_forward(double* out, double* mean_square, double* scale, const double* x,
                     std::size_t n_tiles, std::size_t features) {
  const Double8 inverse_n = splat(py_pow(static_cast<double>(features), -1.0));
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    const double* x_t = x + tile * features * kTile;
    double* out_t = out + tile * features * kTile;
    Double8 sum = {};
    for (std::size_t i = 0; i < features; ++i) {
      const Double8 x_i = load(x_t + i * kTile);
      sum = sum + x_i * x_i;
    }
    const Double8 ms = sum * inverse_n + splat(1e-5);
    const Double8 s = pow(ms, -0.5);
    store(mean_square + tile * kTile, ms);
    store(scale + tile * kTile, s);
    for (std::size_t i = 0; i < features; ++i) {
      store(out_t + i * kTile, load(x_t + i * kTile) * s);
    }
  }
}

// out_i = x_i * s, s = ms ** -0.5, ms = (x_0 x_0 + x_1 x_1 + ...) * n ** -1 + 1e-5. Backwards, from
// the last i on: x_i receives s * dout_i and s receives x_i * dout_i; then the square x_i * x_i
// gives x_i * dms to each of its two factors, which are both x_i.
void rmsnorm_backward(double* dx, const double* residual, const double* dout, const double* x,
                      const double* mean_square, const double* scale, std::size_t n_tiles,
                      std::size_t features) {
  const Double8 inverse_n = splat(py_pow(static_cast<double>(features), -1.0));
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    const std::size_t at = tile * features * kTile;
    const Double8 s = load(scale + tile * kTile);
    Double8 dscale = {};
    for (std::size_t i = features; i-- > 0;) {
      dscale = dscale + load(x + at + i * kTile) * load(dout + at + i * kTile);
    }
    const Double8 slope = splat(-0.5) * pow(load(mean_square + tile * kTile), -1.5);
    const Double8 dms = inverse_n * (slope * dscale);
    for (std::size_t i = 0; i < features; ++i) {
      const Double8 square = load(x + at + i * kTile) * dms;
      Double8 sum = Double8{} + s * load(dout + at + i * kTile);
      if (residual != nullptr) sum = load(residual + at + i * kTile) + sum;
      store(dx + at + i * kTile, (sum + square) + square);
    }
  }
}

void activate(double* h, const double* x, std::size_t count, bool squared) {
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 x_i = load(x + i);
    const Double8 r = select(x_i > Double8{}, x_i, Double8{});
    store(h + i, squared ? square(r) : r);
  }
}

// relu's local gradient is 1 or 0, the square's 2 r. They are multiplied by, as in the graph: 0
// times an infinite gradient is no number there either.
void activate_backward(double* dh, const double* x, std::size_t count, bool squared) {
  for (std::size_t i = 0; i < count; i += 8) {
    const Double8 x_i = load(x + i);
    Double8 d = load(dh + i);
    const Mask8 fires = x_i > Double8{};
    if (squared) d = (splat(2.0) * select(fires, x_i, Double8{})) * d;
    store(dh + i, select(fires, splat(1.0), Double8{}) * d);
  }
}

void add(double* out, const double* a, const double* b, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) store(out + i, load(a + i) + load(b + i));
}

void add_scaled(double* out, const double* a, const double* scale, std::size_t n_tiles,
                std::size_t features) {
  for (std::size_t tile = 0; tile < n_tiles; ++tile) {
    const Double8 s = load(scale + tile * kTile);
    for (std::size_t i = tile * features; i < (tile + 1) * features; ++i) {
      store(out + i * kTile, load(out + i * kTile) + load(a + i * kTile) * s);
    }
  }
}

}  // namespace microgpt::exact::MICROGPT_ISA
