#include "reference/reference_engine.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/memory.h"
#include "model/engine_input.h"
#include "reference/adam.h"
#include "reference/gpt.h"
#include "reference/number.h"
#include "reference/value.h"
#include "reference/weights.h"

namespace microgpt::reference {
namespace {

constexpr double kNodeBytes = 42;        // of all arrays of a Tape
constexpr double kParameterBytes = 100;  // a node, a handle to it, two moments; saving copies some

class ReferenceDecoder final : public Decoder {
 public:
  ReferenceDecoder(const Config& config, Weights<Number> weights)
      : config_(config),
        weights_(std::move(weights)),
        keys_(weights_.layers.size()),
        values_(weights_.layers.size()) {}

  void forward(std::span<const int> tokens, std::span<double> logits) override {
    check_decoder_input(config_, position_, tokens, logits);
    for (const int token : tokens) {
      const auto out =
          gpt(config_, weights_, static_cast<std::size_t>(token), position_++, keys_, values_);
      std::transform(out.begin(), out.end(), logits.begin(), [](Number x) { return x.data(); });
    }
  }

  void rewind(std::size_t position) override {
    check_rewind(position_, position);
    for (auto& layer : keys_) layer.resize(position);
    for (auto& layer : values_) layer.resize(position);
    position_ = position;
  }

 private:
  Config config_;
  Weights<Number> weights_;
  Cache<Number> keys_, values_;
  std::size_t position_ = 0;
};

class ReferenceEngine final : public Engine {
 public:
  explicit ReferenceEngine(const Config& config)
      : config_(config),
        num_params_(config.num_params()),
        weights_(read_weights<Value>(config, [this](std::size_t) { return tape_.leaf(0.0); })) {}

  void load(const StateDict& state) override;
  StateDict state_dict() const override;
  double loss_and_grad(Batch batch, std::size_t num_tokens) override;
  std::vector<double> grads() const override;
  void optimizer_step(const OptimizerStep& step) override;
  std::unique_ptr<Decoder> new_decoder() const override;

 private:
  void check_graph_memory(Batch batch);
  void append_losses(const std::vector<int>& tokens, Vector<Value>& losses);
  void adam_step(const OptimizerStep& step);

  Config config_;
  std::size_t num_params_;
  Tape tape_;  // the parameters stand first, in order
  Weights<Value> weights_;
  std::vector<double> m_, v_;  // Adam's moments; empty before its first step
  double checked_bytes_ = 0;   // the largest graph for which there was memory
};

void ReferenceEngine::load(const StateDict& state) {
  check_state_dict(state, config_, "engine");
  tape_.truncate(num_params_);
  std::size_t i = 0;
  for (const Tensor& tensor : state.params) {
    for (const double x : tensor.data) {
      tape_.set_data(i, x);
      tape_.set_grad(i++, 0.0);
    }
  }
  m_ = state.adam_m;
  v_ = state.adam_v;
}

StateDict ReferenceEngine::state_dict() const {
  StateDict state{parameter_table(config_), m_, v_};
  std::size_t i = 0;
  for (Tensor& tensor : state.params) {
    tensor.data.resize(tensor.rows * tensor.cols);
    for (double& x : tensor.data) x = tape_.data(i++);
  }
  return state;
}

std::vector<double> ReferenceEngine::grads() const {
  return map(num_params_, [&](std::size_t i) { return tape_.grad(i); });
}

void ReferenceEngine::append_losses(const std::vector<int>& tokens, Vector<Value>& losses) {
  const std::size_t n = count_predicted(config_, tokens);
  Cache<Value> keys(weights_.layers.size()), values(weights_.layers.size());
  for (std::size_t pos_id = 0; pos_id < n; ++pos_id) {
    const auto token_id = static_cast<std::size_t>(tokens[pos_id]);
    const auto target_id = static_cast<std::size_t>(tokens[pos_id + 1]);
    losses.push_back(token_loss(config_, weights_, token_id, target_id, pos_id, keys, values));
  }
}

void ReferenceEngine::check_graph_memory(Batch batch) {
  double bytes = 0;
  for (const std::vector<int>& tokens : batch) bytes += graph_bytes(config_, tokens.size());
  if (bytes <= checked_bytes_) return;
  check_memory("engine reference: the graph of a step", bytes);
  checked_bytes_ = bytes;
}

double ReferenceEngine::loss_and_grad(Batch batch, std::size_t num_tokens) {
  const std::size_t predicted = check_batch(config_, batch);
  check_graph_memory(batch);
  tape_.truncate(num_params_);
  Vector<Value> losses;
  for (const std::vector<int>& tokens : batch) append_losses(tokens, losses);
  const Value loss = mean_loss(losses, num_tokens > 0 ? num_tokens : predicted);
  loss.backward();
  return loss.data();
}

void ReferenceEngine::optimizer_step(const OptimizerStep& step) {
  if (step.optimizer == Optimizer::kAdam) {
    adam_step(step);
    return;
  }
  for (std::size_t i = 0; i < num_params_; ++i) {
    tape_.set_data(i, tape_.data(i) - step.learning_rate * tape_.grad(i));
    tape_.set_grad(i, 0.0);
  }
}

void ReferenceEngine::adam_step(const OptimizerStep& step) {
  m_.resize(num_params_, 0.0);
  v_.resize(num_params_, 0.0);
  const Adam adam(step);
  for (std::size_t i = 0; i < num_params_; ++i) {
    const AdamUpdate update = adam.update(tape_.data(i), tape_.grad(i), m_[i], v_[i]);
    m_[i] = update.m;
    v_[i] = update.v;
    tape_.set_data(i, update.data);
    tape_.set_grad(i, 0.0);
  }
}

std::unique_ptr<Decoder> ReferenceEngine::new_decoder() const {
  return std::make_unique<ReferenceDecoder>(
      config_,
      read_weights<Number>(config_, [this](std::size_t i) { return Number(tape_.data(i)); }));
}

}  // namespace

// Two nodes for each multiply-add of a forward pass, and as much again
// while the arrays grow.
double graph_bytes(const Config& config, std::size_t tokens) {
  const double C = config.n_embd, L = config.n_layer, V = config.vocab_size;
  const double T = std::min<double>(config.block_size, static_cast<double>(tokens));
  const double multiply_adds = T * (L * (12 * C * C + C * T) + V * (C + 4));
  return 2 * 2 * kNodeBytes * multiply_adds;
}

std::unique_ptr<Engine> make_reference_engine(const Config& config) {
  config.check();
  check_memory("engine reference: the parameters",
               kParameterBytes * static_cast<double>(config.num_params()));
  return std::make_unique<ReferenceEngine>(config);
}

}  // namespace microgpt::reference
