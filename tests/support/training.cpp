#include "support/training.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/sampler.h"
#include "microgpt/tokenizer.h"
#include "microgpt/trainer.h"
#include "support/python.h"

namespace microgpt::test {
namespace {

const std::string kOracle = std::string(MICROGPT_SHARED_DIR) + "/oracle/run.py";

// Hands out an engine's gradients as they are between backward and update.
class WatchedEngine final : public Engine {
 public:
  WatchedEngine(std::unique_ptr<Engine> engine, std::int64_t grads_at)
      : engine_(std::move(engine)), grads_at_(grads_at) {}

  void load(const StateDict& state) override { engine_->load(state); }
  StateDict state_dict() const override { return engine_->state_dict(); }
  double loss_and_grad(Batch batch, std::size_t num_tokens) override {
    return engine_->loss_and_grad(batch, num_tokens);
  }
  std::vector<double> grads() const override { return kept_; }
  void optimizer_step(const OptimizerStep& step) override {
    if (step.step + 1 == grads_at_) kept_ = engine_->grads();
    engine_->optimizer_step(step);
  }
  std::unique_ptr<Decoder> new_decoder() const override { return engine_->new_decoder(); }

 private:
  std::unique_ptr<Engine> engine_;
  std::int64_t grads_at_;
  std::vector<double> kept_;
};

std::vector<double> from_hex(const nlohmann::json& numbers) {
  std::vector<double> out;
  for (const std::string text : numbers) out.push_back(std::strtod(text.c_str(), nullptr));
  return out;
}

Numbers from_json(const nlohmann::json& json) {
  Numbers numbers;
  numbers.losses = from_hex(json.at("losses_hex"));
  if (json.contains("grads_hex")) numbers.grads = from_hex(json.at("grads_hex"));
  if (json.contains("params_hex")) numbers.params = from_hex(json.at("params_hex"));
  numbers.params_sha256 = json.at("params_sha256");
  numbers.samples = json.at("samples").get<std::vector<std::string>>();
  return numbers;
}

void expect_same(const std::vector<double>& ours, const std::vector<double>& theirs,
                 const char* what) {
  ASSERT_EQ(ours.size(), theirs.size()) << what;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ASSERT_EQ(fmt::format("{:a}", ours[i]), fmt::format("{:a}", theirs[i])) << what << ' ' << i;
  }
}

}  // namespace

Numbers run_engine(const std::string& engine_name, const Training& training) {
  PythonRandom random(training.train.seed);
  Dataset dataset = Dataset::read(training.data);
  dataset.shuffle(random);
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, training.train.edition);
  Config config = training.config;
  config.vocab_size = tokenizer.vocab_size();
  WatchedEngine engine(make_engine(engine_name, config), training.grads_at);
  engine.load(init_state_dict(config, training.train, random));

  Numbers numbers;
  train(engine, config, training.train, dataset, tokenizer, 0, [&](const StepReport& report) {
    numbers.losses.push_back(report.loss);
    return true;
  });
  numbers.grads = engine.grads();
  numbers.params = flatten(engine.state_dict());
  numbers.params_sha256 = params_sha256(engine.state_dict());
  const auto decoder = engine.new_decoder();
  for (int i = 0; i < training.num_samples; ++i) {
    const SampleConfig how{training.temperature, 0, 1};
    numbers.samples.push_back(generate(*decoder, config, tokenizer, how, "", random).text);
  }
  return numbers;
}

std::optional<Numbers> run_oracle(const Training& training) {
  if (!std::filesystem::exists(kOracle)) return std::nullopt;
  const TrainConfig& train = training.train;
  const auto output = run_python(fmt::format(
      R"(import runpy, sys
sys.argv = ['run.py', '--edition', '{}', '--data', '{}', '--seed', '{}', '--n-embd', '{}',
            '--n-head', '{}', '--n-layer', '{}', '--block-size', '{}', '--num-steps', '{}',
            '--learning-rate', '{}', '--grads-at', '{}', '--temperature', '{}',
            '--num-samples', '{}']
runpy.run_path('{}', run_name='__main__'))",
      train.edition == Edition::kFinal ? "final" : "argparse", training.data, train.seed,
      training.config.n_embd, training.config.n_head, training.config.n_layer,
      training.config.block_size, train.num_steps, train.learning_rate, training.grads_at,
      training.temperature, training.num_samples, kOracle));
  if (!output) return std::nullopt;
  return from_json(nlohmann::json::parse(*output));
}

Numbers read_numbers(const std::string& path) {
  return from_json(nlohmann::json::parse(std::ifstream(path)));
}

void expect_same_bits(const Numbers& ours, const Numbers& theirs) {
  expect_same(ours.losses, theirs.losses, "loss");
  expect_same(ours.grads, theirs.grads, "gradient");
  expect_same(ours.params, theirs.params, "parameter");
  EXPECT_EQ(ours.params_sha256, theirs.params_sha256);
  EXPECT_EQ(ours.samples, theirs.samples);
}

}  // namespace microgpt::test
