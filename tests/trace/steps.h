// Steps to trace: random models of several shapes, and the toy.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "microgpt/trace.h"

namespace microgpt::test {

// A model, what it reads, and how.
struct Step {
  std::string name;
  Config config;
  StateDict state;
  std::vector<int> tokens;
  TraceOptions options;

  Trace trace() const { return microgpt::trace(config, state, tokens, options); }
};

inline std::vector<double> random_numbers(std::size_t n, double low, double high, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> between(low, high);
  std::vector<double> numbers(n);
  for (double& x : numbers) x = between(random);
  return numbers;
}

// In the midst of a run: with moments. Large enough numbers that attention and the MLP matter.
inline Step random_step(const Config& config, const TrainConfig& train,
                        const std::vector<int>& tokens) {
  PythonRandom random(train.seed);
  Step step{"random", config, init_state_dict(config, train, random), tokens, {}};
  step.state.adam_m = random_numbers(config.num_params(), -0.1, 0.1, 1);
  step.state.adam_v = random_numbers(config.num_params(), 0.0, 0.1, 2);
  step.options.step = OptimizerStep{.optimizer = Optimizer::kAdam,
                                    .step = 6,
                                    .learning_rate = 0.007,
                                    .beta1 = train.beta1,
                                    .beta2 = train.beta2,
                                    .eps_adam = train.eps_adam,
                                    .edition = train.edition};
  return step;
}

inline Step toy_step() {
  const Model toy = toy_model();
  Step step{"toy", toy.config, toy.state, {0, 1, 2, 0}, {}};
  step.options.backward = true;
  return step;
}

// The walkthrough's: 'b' at position 2 with its printed cache.
inline Step toy_step_with_cache() {
  Step step = toy_step();
  step.name = "toy with a cache";
  step.options.cache = toy_printed_cache();
  return step;
}

// One of each kind.
inline std::vector<Step> steps() {
  const TrainConfig final_edition{.seed = 3, .init_std = 0.5};
  TrainConfig first_edition = default_train_config(Edition::kFirst);
  first_edition.init_std = 0.4;
  const Config relu{.n_layer = 2, .n_embd = 4, .block_size = 5, .n_head = 2, .vocab_size = 5};
  Config squared{.n_layer = 1, .n_embd = 6, .block_size = 4, .n_head = 3, .vocab_size = 3};
  squared.activation = Activation::kReluSquared;
  // A letter twice, so that a row of wte is used twice; and as long as the block.
  Step of_final = random_step(relu, final_edition, {4, 0, 2, 0, 4});
  Step of_first = random_step(squared, first_edition, {0, 2, 1, 2, 0});
  of_final.name = "final edition";
  of_first.name = "first edition";
  return {toy_step(), toy_step_with_cache(), of_final, of_first};
}

// Of random shapes, of both editions in turn.
inline std::vector<Step> random_steps(unsigned count) {
  std::vector<Step> steps;
  for (unsigned seed = 1; seed <= count; ++seed) {
    std::mt19937 random(seed);
    const auto up_to = [&](unsigned most) { return static_cast<int>(1 + random() % most); };
    TrainConfig train = default_train_config(seed % 2 == 0 ? Edition::kFirst : Edition::kFinal);
    train.seed = seed;
    train.init_std = 0.5;
    Config config = default_config(train.edition);
    config.n_layer = up_to(3);
    config.n_head = up_to(3);
    config.n_embd = config.n_head * up_to(3);
    config.block_size = up_to(6);
    config.vocab_size = 1 + up_to(6);
    std::vector<int> tokens(
        static_cast<std::size_t>(1 + up_to(static_cast<unsigned>(config.block_size))));
    for (int& token : tokens) token = up_to(static_cast<unsigned>(config.vocab_size)) - 1;
    steps.push_back(random_step(config, train, tokens));
    steps.back().name = "random shape " + std::to_string(seed);
  }
  return steps;
}

// All numbers of a trace.
inline std::vector<Element> all_elements(const Trace& trace) {
  std::vector<Element> elements;
  for (std::uint32_t t = 0; t < trace.traced.size(); ++t) {
    for (std::uint32_t i = 0; i < trace.traced[t].data.size(); ++i) elements.push_back({t, i});
  }
  return elements;
}

inline double number_at(const Trace& trace, const std::string& path) {
  const Element element = find_element(trace, path);
  return trace.traced[element.traced].data[element.index];
}

inline double grad_at(const Trace& trace, const std::string& path) {
  const Element element = find_element(trace, path);
  return trace.traced[element.traced].grad[element.index];
}

}  // namespace microgpt::test
