#include "cpu/large_engine.h"

#include <algorithm>
#include <cmath>

#include "base/memory.h"
#include "cpu/float_buffer.h"
#include "cpu/float_range.h"
#include "cpu/kernel_runner.h"
#include "cpu/large_decoder.h"
#include "cpu/training_pass.h"
#include "cpu/weights.h"

namespace microgpt::cpu {
namespace {

// Weights, gradients and moments in float; and what saving takes: a StateDict of them, its bytes,
// and the text of a file. A model that can be trained can be saved.
constexpr double kParameterBytes = 4 * sizeof(float) + 135;
constexpr std::size_t kParametersOfTask = 1 << 14;

class LargeEngine final : public Engine {
 public:
  LargeEngine(const Config& config, int threads)
      : config_(config),
        num_params_(config.num_params()),
        runner_(std::make_unique<KernelRunner>(config, threads)),
        params_("engine cpu: the parameters", num_params_),
        grads_("engine cpu: the gradients", num_params_),
        m_("engine cpu: Adam's moments", num_params_),
        v_("engine cpu: Adam's moments", num_params_),
        pass_(config, *runner_) {}

  void load(const StateDict& state) override;
  StateDict state_dict() const override;
  double loss_and_grad(Batch batch, std::size_t num_tokens) override;
  std::vector<double> grads() const override;
  void optimizer_step(const OptimizerStep& step) override;
  std::unique_ptr<Decoder> new_decoder() const override;

 private:
  Weights<const float> weights() const { return {config_, params_.data()}; }
  void adam_step(const OptimizerStep& step);

  Config config_;
  std::size_t num_params_;
  std::unique_ptr<KernelRunner> runner_;  // decoders use it as well
  FloatBuffer params_, grads_, m_, v_;    // in the order of the parameter table
  bool has_moments_ = false;              // not before Adam's first step
  TrainingPass pass_;
};

void to_floats(const std::vector<double>& from, float* to) {
  std::transform(from.begin(), from.end(), to, [](double x) { return static_cast<float>(x); });
}

std::vector<double> to_doubles(const FloatBuffer& from) {
  return std::vector<double>(from.data(), from.data() + from.size());
}

void LargeEngine::load(const StateDict& state) {
  check_state_dict(state, config_, "engine");
  check_float_range(state);
  float* next = params_.data();
  for (const Tensor& tensor : state.params) {
    to_floats(tensor.data, next);
    next += tensor.data.size();
  }
  has_moments_ = !state.adam_m.empty();
  for (FloatBuffer* buffer : {&grads_, &m_, &v_}) std::fill_n(buffer->data(), num_params_, 0.0f);
  to_floats(state.adam_m, m_.data());
  to_floats(state.adam_v, v_.data());
}

StateDict LargeEngine::state_dict() const {
  StateDict state{parameter_table(config_), {}, {}};
  const float* next = params_.data();
  for (Tensor& tensor : state.params) {
    const std::size_t size = tensor.rows * tensor.cols;
    tensor.data.assign(next, next + size);
    next += size;
  }
  if (has_moments_) {
    state.adam_m = to_doubles(m_);
    state.adam_v = to_doubles(v_);
  }
  return state;
}

double LargeEngine::loss_and_grad(Batch batch, std::size_t num_tokens) {
  return pass_.run(batch, num_tokens, weights(), Weights<float>(config_, grads_.data()));
}

std::vector<double> LargeEngine::grads() const { return to_doubles(grads_); }

void LargeEngine::optimizer_step(const OptimizerStep& step) {
  if (step.optimizer == Optimizer::kAdam) {
    adam_step(step);
    return;
  }
  runner_->for_parts(num_params_, kParametersOfTask, [&](std::size_t begin, std::size_t end) {
    runner_->kernels().sgd(params_.data() + begin, grads_.data() + begin,
                           static_cast<float>(step.learning_rate), end - begin);
  });
}

void LargeEngine::adam_step(const OptimizerStep& step) {
  const auto t = static_cast<double>(step.step + 1);
  const auto to_float = [](double x) { return static_cast<float>(x); };
  const AdamConstants constants{
      .beta1 = to_float(step.beta1),
      .one_minus_beta1 = to_float(1.0 - step.beta1),
      .beta2 = to_float(step.beta2),
      .one_minus_beta2 = to_float(1.0 - step.beta2),
      .m_correction = to_float(1.0 / (1.0 - std::pow(step.beta1, t))),
      .v_correction = to_float(1.0 / (1.0 - std::pow(step.beta2, t))),
      .learning_rate = to_float(step.learning_rate),
      .eps = to_float(std::max(kMinEpsilon, step.eps_adam)),
  };
  has_moments_ = true;
  runner_->for_parts(num_params_, kParametersOfTask, [&](std::size_t begin, std::size_t end) {
    runner_->kernels().adam(params_.data() + begin, m_.data() + begin, v_.data() + begin,
                            grads_.data() + begin, constants, end - begin);
  });
}

std::unique_ptr<Decoder> LargeEngine::new_decoder() const {
  return make_large_decoder(config_, *runner_, weights());
}

}  // namespace

std::unique_ptr<Engine> make_large_engine(const Config& config, const EngineOptions& options) {
  config.check();
  check_memory("engine cpu: the parameters",
               kParameterBytes * static_cast<double>(config.num_params()));
  return std::make_unique<LargeEngine>(config, options.threads);
}

}  // namespace microgpt::cpu
