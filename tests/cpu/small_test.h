// What the tests of the engine for tiny models share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cpu/small_engine.h"
#include "microgpt/state_dict.h"
#include "support/isas.h"

namespace microgpt::cpu {

// Runs a test with one instruction set after another: all that this machine has.
template <class F>
void for_each_isa(F f) {
  for (const Isa isa : test::supported_isas()) {
    SCOPED_TRACE(std::string(to_string(isa)));
    setenv("MICROGPT_ISA", std::string(to_string(isa)).c_str(), 1);
    f();
  }
  unsetenv("MICROGPT_ISA");
}

inline Config make_config(int n_layer, int n_embd, int n_head, int block_size, int vocab_size,
                          Activation activation = Activation::kRelu) {
  Config config;
  config.n_layer = n_layer;
  config.n_embd = n_embd;
  config.n_head = n_head;
  config.block_size = block_size;
  config.vocab_size = vocab_size;
  config.activation = activation;
  return config;
}

// Large enough that attention and the MLP matter: products keep the size of what goes in.
inline StateDict random_state(const Config& config) {
  TrainConfig train;
  train.init_std = 1.2 / std::sqrt(config.n_embd);
  PythonRandom random(7);
  return init_state_dict(config, train, random);
}

inline std::vector<int> random_document(const Config& config, std::size_t predictions,
                                        unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int> tokens(predictions + 1);
  for (int& token : tokens) {
    token = static_cast<int>(random() % static_cast<unsigned>(config.vocab_size));
  }
  return tokens;
}

inline std::unique_ptr<Engine> make_loaded(const Config& config, int threads = 1) {
  auto engine = make_small_engine(config, {threads});
  engine->load(random_state(config));
  return engine;
}

// Sizes of every kind: n_embd and head_dim padded and not, one layer and several, an odd
// vocabulary, attention in one group and in many.
inline const Config kShapes[] = {
    make_config(1, 16, 4, 16, 27), make_config(2, 16, 4, 16, 27),  make_config(3, 8, 2, 7, 5),
    make_config(4, 16, 2, 9, 65),  make_config(1, 16, 1, 16, 100), make_config(1, 32, 8, 20, 27),
    make_config(2, 32, 4, 16, 27), make_config(1, 32, 2, 33, 11),  make_config(1, 64, 16, 8, 27),
    make_config(1, 64, 8, 24, 27), make_config(2, 64, 4, 16, 65),  make_config(2, 6, 2, 4, 5),
    make_config(1, 5, 1, 12, 2),   make_config(1, 2, 1, 1, 2),     make_config(2, 12, 3, 10, 27),
    make_config(1, 33, 3, 6, 33),  make_config(1, 4, 4, 64, 512)};

}  // namespace microgpt::cpu
