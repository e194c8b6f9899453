// From one neuron to a network, and how wrong the network is.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <random>
#include <vector>

using Vector = std::vector<double>;

namespace stage1 {
// region neuron-bias
double neuron(double x, double b) { return x + b; }
// endregion
}  // namespace stage1

namespace stage2 {
// region neuron-weight
double neuron(double x, double w, double b) { return x * w + b; }
// endregion
}  // namespace stage2

namespace stage3 {
// region neuron-relu
double relu(double z) { return std::max(0.0, z); }

double neuron(double x, double w, double b) { return relu(x * w + b); }
// endregion
}  // namespace stage3

// region neuron-inputs
double neuron(const Vector& x, const Vector& w, double b) {
  double z = 0;
  for (std::size_t i = 0; i < x.size(); ++i) z += x[i] * w[i];
  return std::max(0.0, z + b);
}
// endregion

// region surface
double surface(const Vector& x, const Vector& w, const Vector& b) {
  const double h1 = neuron({x[0], x[1]}, {w[0], w[1]}, b[0]);
  const double h2 = neuron({x[2]}, {w[2]}, b[1]);
  return neuron({h1, h2}, {1.0, 1.0}, b[2]);
}
// endregion

std::mt19937 generator(42);

double uniform() { return std::uniform_real_distribution<>(-1, 1)(generator); }

// region network
struct Neuron {
  Vector w;
  double b;

  explicit Neuron(std::size_t inputs) : w(inputs), b(uniform()) {
    for (double& wi : w) wi = uniform();
  }
  double operator()(const Vector& x) const { return neuron(x, w, b); }
};

struct Layer {
  std::vector<Neuron> neurons;

  Layer(std::size_t inputs, std::size_t outputs) {
    for (std::size_t i = 0; i < outputs; ++i) neurons.emplace_back(inputs);
  }
  Vector operator()(const Vector& x) const {
    Vector out;
    for (const Neuron& n : neurons) out.push_back(n(x));
    return out;
  }
};

struct MLP {
  std::vector<Layer> layers;

  MLP(std::size_t inputs, const std::vector<std::size_t>& outputs) {
    for (const std::size_t width : outputs) {
      layers.emplace_back(inputs, width);
      inputs = width;
    }
  }
  Vector operator()(Vector x) const {
    for (const Layer& layer : layers) x = layer(x);
    return x;
  }
};
// endregion

// region mse
double mean_squared_error(const Vector& predictions, const Vector& targets) {
  double total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double gap = predictions[i] - targets[i];
    total += gap * gap;
  }
  return total / static_cast<double>(targets.size());
}
// endregion

// region surprise
double surprise(double probability) { return -std::log(probability); }
// endregion

bool close(double a, double b) { return std::abs(a - b) < 1e-12; }

int main() {
  assert(stage1::neuron(2.0, -1.0) == 1.0);
  assert(stage2::neuron(2.0, 1.5, -1.0) == 2.0);
  assert(stage3::neuron(1.0, 2.0, -3.0) == 0.0 && stage3::neuron(4.0, 2.0, -3.0) == 5.0);
  assert(close(neuron({1.0, -0.5, 0.8, 0.3}, {0.6, -1.2, 0.9, 0.4}, -0.5), 1.54));
  assert(close(neuron({0.5, -0.3, 1.2}, {0.4, 0.7, -0.1}, 1.0), 0.87));
  assert(close(surface({1.0, 2.0, 3.0}, {0.8, -0.6, 0.5}, {0.2, 0.0, 0.0}), 1.5));

  // region network-use
  const MLP mlp(3, {2, 1});
  std::printf("%f\n", mlp({1.0, 0.5, -0.3})[0]);
  // endregion
  assert(mlp.layers[0].neurons.size() == 2 && mlp.layers[0].neurons[0].w.size() == 3);
  Vector ypred;
  for (const Vector& x : std::vector<Vector>{{2, 3, -1}, {3, -1, 0.5}, {0.5, 1, 1}, {1, 1, -1}}) {
    ypred.push_back(mlp(x)[0]);
  }
  assert(mean_squared_error(ypred, {1, -1, -1, 1}) >= 0.5);
  assert(mean_squared_error({1, 3}, {1, 1}) == 2);
  assert(close(surprise(1.0 / 27), 3.295836866004329));
}
