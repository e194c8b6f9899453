#include "cpu/small_state.h"

#include <cmath>

#include "cpu/kernels.h"

namespace microgpt::cpu {
namespace {

// The kernels go through the arrays side by side, a block of 16 x 16 at a time. To some processors
// a load looks like one of what is just being stored if the two are a whole number of pages apart;
// so each array begins a block further into a page than the one before.
constexpr std::size_t kBlock = kRegister * kRegister;
constexpr std::size_t kPage = 4096 / sizeof(float);

// SmallLayerPlaces, with C known when running.
std::size_t layer_size(std::size_t C) { return 12 * C * C; }

// Lists where each parameter stands, in the order of the parameter table.
class PlaceList {
 public:
  PlaceList(const Config& config, const SmallModel& model)
      : n_embd_(static_cast<std::size_t>(config.n_embd)),
        head_dim_(static_cast<std::size_t>(config.head_dim())),
        D_(static_cast<std::size_t>(padded_head_dim(config))),
        C_(static_cast<std::size_t>(padded_n_embd(config))) {
    const auto V = static_cast<std::size_t>(config.vocab_size);
    const auto row = [this](std::size_t i) { return column(i); };
    const auto same = [](std::size_t i) { return i; };
    add_rows(0, V);
    add_rows(model.wpe, static_cast<std::size_t>(config.block_size));
    add_matrix(model.lm_head, V, n_embd_, C_, same, row);
    for (int l = 0; l < config.n_layer; ++l) {
      std::size_t at = model.layers + static_cast<std::size_t>(l) * layer_size(C_);
      for (int i = 0; i < 4; ++i, at += C_ * C_) {  // attn_wq, attn_wk, attn_wv, attn_wo
        add_matrix(at, n_embd_, n_embd_, C_, row, row);
      }
      add_matrix(at, 4 * n_embd_, n_embd_, C_, same, row);  // mlp_fc1
      at += 4 * C_ * C_;
      add_matrix(at, n_embd_, 4 * n_embd_, 4 * C_, row, same);  // mlp_fc2
    }
  }

  std::vector<std::size_t> take() { return std::move(places_); }

 private:
  // Heads are padded one by one; the same order serves all rows of n_embd.
  std::size_t column(std::size_t i) const { return i / head_dim_ * D_ + i % head_dim_; }

  void add_rows(std::size_t at, std::size_t rows) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < n_embd_; ++i) places_.push_back(at + row * C_ + column(i));
    }
  }

  // (outputs, inputs), stored (depth, outputs) in panels; output and input tell where each goes.
  template <class Output, class Input>
  void add_matrix(std::size_t at, std::size_t outputs, std::size_t inputs, std::size_t depth,
                  Output output, Input input) {
    for (std::size_t o = 0; o < outputs; ++o) {
      const std::size_t panel = output(o) / kRegister, lane = output(o) % kRegister;
      for (std::size_t i = 0; i < inputs; ++i) {
        places_.push_back(at + (panel * depth + input(i)) * kRegister + lane);
      }
    }
  }

  std::size_t n_embd_, head_dim_, D_, C_;
  std::vector<std::size_t> places_;
};

// All but the arrays.
SmallModel describe(const Config& config) {
  const auto C = static_cast<std::size_t>(padded_n_embd(config));
  const auto V = static_cast<std::size_t>(config.vocab_size);
  const std::size_t stride = round_up(V, kRegister);
  SmallModel model{};
  model.n_layer = config.n_layer;
  model.vocab_size = config.vocab_size;
  model.vocab_stride = static_cast<int>(stride);
  model.block_size = config.block_size;
  model.relu_squared = config.activation == Activation::kReluSquared;
  model.inverse_n_embd = 1.0f / static_cast<float>(config.n_embd);
  model.attention_scale = 1.0f / std::sqrt(static_cast<float>(config.head_dim()));
  model.wpe = V * C;
  model.lm_head = model.wpe + static_cast<std::size_t>(config.block_size) * C;
  model.layers = model.lm_head + C * stride;
  const std::size_t end = model.layers + static_cast<std::size_t>(config.n_layer) * layer_size(C);
  model.size = round_up(end - kBlock, kPage) + kBlock;
  return model;
}

}  // namespace

int padded_head_dim(const Config& config) {
  return config.head_dim() <= 4 ? 4 : config.head_dim() <= 8 ? 8 : 16;
}

int padded_n_embd(const Config& config) {
  const int columns = config.n_head * padded_head_dim(config);
  return columns <= 16 ? 16 : columns <= 32 ? 32 : 64;
}

SmallState::SmallState(const Config& config)
    : model_(describe(config)),
      memory_(5 * model_.size),
      places_(PlaceList(config, model_).take()) {
  model_.weights = memory_.data();
  model_.transposed = model_.weights + model_.size;
  model_.m = model_.transposed + model_.size;
  model_.v = model_.m + model_.size;
  grads_ = model_.v + model_.size;
}

void SmallState::write(float* array, std::span<const double> values) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    array[places_[i]] = static_cast<float>(values[i]);
  }
}

std::vector<double> SmallState::read(const float* array) const {
  std::vector<double> values(places_.size());
  for (std::size_t i = 0; i < places_.size(); ++i) {
    values[i] = static_cast<double>(array[places_[i]]);
  }
  return values;
}

}  // namespace microgpt::cpu
