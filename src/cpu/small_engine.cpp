#include "cpu/small_engine.h"

#include <algorithm>
#include <cmath>

#include "base/isa.h"
#include "base/thread_pool.h"
#include "cpu/float_range.h"
#include "cpu/small_sampler.h"
#include "cpu/small_state.h"
#include "model/engine_input.h"

namespace microgpt::cpu {
namespace {

// A batch is cut into groups of documents, each with gradients of its own that are added up in
// order, so that no result depends on how many threads there are.
constexpr std::size_t kGroupDocuments = 8;
constexpr std::size_t kMaxGroups = 64;

const SmallKernels& choose_kernels(const Config& config) {
  return MICROGPT_FOR_ISA(choose_isa(), small_kernels)(padded_n_embd(config),
                                                       padded_head_dim(config));
}

// base ** exponent by squaring: libm's pow takes a tenth of the time of a whole step.
double power(double base, std::int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= base;
    base *= base;
  }
  return result;
}

SmallAdam adam_of(const OptimizerStep& step) {
  const double m_correction = 1.0 - power(step.beta1, step.step + 1);
  const double v_root = std::sqrt(1.0 - power(step.beta2, step.step + 1));
  return {static_cast<float>(1.0 - step.beta1), static_cast<float>(1.0 - step.beta2),
          static_cast<float>(step.learning_rate * v_root / m_correction),
          static_cast<float>(std::max(kMinEpsilon, step.eps_adam * v_root))};
}

class SmallEngine final : public Engine {
 public:
  SmallEngine(const Config& config, const EngineOptions& options);

  void load(const StateDict& state) override;
  StateDict state_dict() const override;
  double loss_and_grad(Batch batch, std::size_t num_tokens) override;
  std::vector<double> grads() const override { return state_.read(state_.grads()); }
  void optimizer_step(const OptimizerStep& step) override;
  double train_step(Batch batch, const OptimizerStep& step) override;
  std::unique_ptr<Decoder> new_decoder() const override;
  std::unique_ptr<Lanes> new_lanes(std::size_t count, double temperature) const override;

 private:
  // What a thread works in.
  struct Workspace {
    SmallPass pass;
    AlignedVector<float> scratch;
  };

  std::size_t fill(SmallPass& pass, Batch batch) const;
  double add_grads(Batch batch, float inverse_tokens, Workspace& workspace, float* grads);
  void refresh_transposed();

  Config config_;
  const SmallKernels& kernels_;
  SmallState state_;
  bool has_moments_ = false;  // of Adam: since its first step, or loaded
  bool transposed_is_old_ = true;
  ThreadPool pool_;
  std::vector<Workspace> workspaces_;              // of each thread
  std::vector<AlignedVector<float>> group_grads_;  // zero between calls
  std::vector<double> group_losses_;
};

SmallEngine::SmallEngine(const Config& config, const EngineOptions& options)
    : config_(config), kernels_(choose_kernels(config)), state_(config), pool_(options.threads) {
  for (int i = 0; i < options.threads; ++i) {
    workspaces_.push_back({{}, AlignedVector<float>(kernels_.scratch_size(state_.model()))});
  }
}

void SmallEngine::load(const StateDict& state) {
  check_state_dict(state, config_, "engine");
  check_float_range(state);
  const SmallModel& model = state_.model();
  state_.write(model.weights, flatten(state));
  has_moments_ = !state.adam_m.empty();
  const std::vector<double> zeros(config_.num_params(), 0.0);
  state_.write(model.m, has_moments_ ? state.adam_m : zeros);
  state_.write(model.v, has_moments_ ? state.adam_v : zeros);
  state_.write(state_.grads(), zeros);
  transposed_is_old_ = true;
}

StateDict SmallEngine::state_dict() const {
  const SmallModel& model = state_.model();
  StateDict state{parameter_table(config_), {}, {}};
  const std::vector<double> weights = state_.read(model.weights);
  auto from = weights.begin();
  for (Tensor& tensor : state.params) {
    const auto size = static_cast<std::ptrdiff_t>(tensor.rows * tensor.cols);
    tensor.data.assign(from, from + size);
    from += size;
  }
  if (has_moments_) {
    state.adam_m = state_.read(model.m);
    state.adam_v = state_.read(model.v);
  }
  return state;
}

// Fills the pass with as many of the first documents as there is room for, and returns their
// number.
std::size_t SmallEngine::fill(SmallPass& pass, Batch batch) const {
  int rows = 0, documents = 0;
  pass.first_row[0] = 0;
  for (const std::vector<int>& tokens : batch) {
    const auto length = static_cast<int>(count_predicted(config_, tokens));
    if (rows + length > kMaxRows) break;
    for (int i = 0; i < length; ++i, ++rows) {
      pass.token[rows] = tokens[static_cast<std::size_t>(i)];
      pass.target[rows] = tokens[static_cast<std::size_t>(i) + 1];
      pass.position[rows] = i;
    }
    pass.first_row[++documents] = rows;
  }
  pass.num_documents = documents;
  return static_cast<std::size_t>(documents);
}

void SmallEngine::refresh_transposed() {
  if (transposed_is_old_) kernels_.transpose(state_.model());
  transposed_is_old_ = false;
}

// Adds the gradients of some documents to grads and returns the sum of their losses.
double SmallEngine::add_grads(Batch batch, float inverse_tokens, Workspace& workspace,
                              float* grads) {
  double loss = 0;
  while (!batch.empty()) {
    batch = batch.subspan(fill(workspace.pass, batch));
    float* const scratch = workspace.scratch.data();
    loss += kernels_.forward(state_.model(), workspace.pass, inverse_tokens, scratch);
    kernels_.backward(state_.model(), workspace.pass, scratch, grads);
  }
  return loss;
}

double SmallEngine::loss_and_grad(Batch batch, std::size_t num_tokens) {
  const std::size_t predicted = check_batch(config_, batch);
  const double inverse_tokens = 1.0 / static_cast<double>(num_tokens > 0 ? num_tokens : predicted);
  refresh_transposed();
  const std::size_t groups =
      std::min(kMaxGroups, (batch.size() + kGroupDocuments - 1) / kGroupDocuments);
  while (group_grads_.size() < groups) group_grads_.emplace_back(state_.model().size);
  group_losses_.resize(groups);
  pool_.run(groups, [&](std::size_t group, int thread) {
    const std::size_t begin = batch.size() * group / groups;
    const std::size_t end = batch.size() * (group + 1) / groups;
    group_losses_[group] =
        add_grads(batch.subspan(begin, end - begin), static_cast<float>(inverse_tokens),
                  workspaces_[static_cast<std::size_t>(thread)], group_grads_[group].data());
  });
  double loss = 0;
  for (std::size_t group = 0; group < groups; ++group) {
    loss += group_losses_[group];
    kernels_.add(state_.grads(), group_grads_[group].data(), state_.model().size);
  }
  return loss * inverse_tokens;
}

void SmallEngine::optimizer_step(const OptimizerStep& step) {
  if (step.optimizer == Optimizer::kAdam) {
    kernels_.adam(state_.model(), state_.grads(), adam_of(step));
    has_moments_ = true;
  } else {
    kernels_.sgd(state_.model(), state_.grads(), static_cast<float>(step.learning_rate));
  }
  transposed_is_old_ = true;
}

double SmallEngine::train_step(Batch batch, const OptimizerStep& step) {
  Workspace& workspace = workspaces_[0];
  const std::size_t num_tokens = check_batch(config_, batch);
  if (step.optimizer != Optimizer::kAdam || fill(workspace.pass, batch) < batch.size()) {
    return Engine::train_step(batch, step);
  }
  const double inverse_tokens = 1.0 / static_cast<double>(num_tokens);
  const SmallModel& model = state_.model();
  float* const scratch = workspace.scratch.data();
  refresh_transposed();
  const double loss =
      kernels_.forward(model, workspace.pass, static_cast<float>(inverse_tokens), scratch) *
      inverse_tokens;
  if (std::isfinite(loss)) {
    kernels_.backward_adam(model, workspace.pass, scratch, state_.grads(), adam_of(step));
    has_moments_ = true;
    transposed_is_old_ = true;
  } else {
    kernels_.backward(model, workspace.pass, scratch, state_.grads());
  }
  return loss;
}

std::unique_ptr<Decoder> SmallEngine::new_decoder() const {
  return make_small_decoder(config_, kernels_, state_.model());
}

std::unique_ptr<Lanes> SmallEngine::new_lanes(std::size_t count, double temperature) const {
  return make_small_lanes(config_, kernels_, state_.model(), count, temperature);
}

}  // namespace

bool small_engine_fits(const Config& config) {
  return config.head_dim() <= 16 && config.n_head * padded_head_dim(config) <= 64 &&
         config.block_size <= kMaxRows && config.vocab_size <= kMaxVocab &&
         config.n_layer <= kMaxSmallLayers;
}

std::unique_ptr<Engine> make_small_engine(const Config& config, const EngineOptions& options) {
  return std::make_unique<SmallEngine>(config, options);
}

}  // namespace microgpt::cpu
