// Models for the tests of this folder.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/checkpoint.h"

namespace microgpt {

// A finite double of random bits, so of any size; now and then one that is known to be hard.
inline double any_double(std::mt19937_64& rng) {
  using Limits = std::numeric_limits<double>;
  static const std::vector<double> hard = {0.0,
                                           -0.0,
                                           Limits::denorm_min(),
                                           -Limits::denorm_min(),
                                           Limits::min(),
                                           Limits::max(),
                                           -Limits::max(),
                                           2.2250738585072009e-308,  // the largest subnormal
                                           1.0,
                                           -1.0,
                                           0.1,
                                           1e-4,
                                           9.999e-5,
                                           1e15,
                                           1e16,
                                           1e17,
                                           123456789012345678.0,
                                           9007199254740993.0,
                                           1e22,
                                           1e23,
                                           5e-324,
                                           0.3,
                                           2.0 / 3};
  if (rng() % 4 == 0) return hard[rng() % hard.size()];
  while (true) {
    const double x = std::bit_cast<double>(rng());
    if (std::isfinite(x)) return x;
  }
}

inline Provenance test_provenance() {
  Provenance provenance;
  provenance.version = "0.1.0";
  provenance.engine = "reference";
  provenance.data = "a \"path\"/d\u00e9j\u00e0.txt";
  provenance.data_sha256 = std::string(64, 'a');
  provenance.encoding = Encoding::kLatin1;
  provenance.sequences = Sequences::kWindows;
  provenance.step = 7;
  provenance.train.seed = std::numeric_limits<std::uint64_t>::max();
  provenance.train.num_steps = 123'456'789'012;
  provenance.train.learning_rate = 1.0;
  provenance.train.eps_adam = 5e-324;
  provenance.train.init_std = 1e17;
  provenance.train.optimizer = Optimizer::kSgd;
  provenance.train.schedule = Schedule::kConstant;
  provenance.train.batch_size = 12;
  provenance.train.grad_accum = 34;
  return provenance;
}

inline Model make_model(Config config, std::vector<std::string> uchars, bool bos_first,
                        std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  const int bos = bos_first ? 0 : static_cast<int>(uchars.size());
  config.vocab_size = static_cast<int>(uchars.size()) + 1;
  Model model{config, Tokenizer(std::move(uchars), bos), {parameter_table(config), {}, {}}, {}};
  for (Tensor& tensor : model.state.params) {
    for (std::size_t i = 0; i < tensor.rows * tensor.cols; ++i) {
      tensor.data.push_back(any_double(rng));
    }
  }
  return model;
}

// The smallest model that has everything: 2 characters, rows of 2, one layer.
inline Model small_model(std::uint64_t seed = 1) {
  Config config;
  config.n_embd = 2;
  config.block_size = 3;
  config.n_head = 1;
  Model model = make_model(config, {"a", "b"}, false, seed);
  model.provenance = test_provenance();
  return model;
}

// Two layers, the first edition's BOS and activation, characters of every length in UTF-8 and ones
// that JSON must escape.
inline Model unicode_model(std::uint64_t seed = 2) {
  Config config;
  config.n_layer = 2;
  config.n_embd = 6;
  config.block_size = 5;
  config.n_head = 3;
  config.activation = Activation::kReluSquared;
  return make_model(config, {"\x01", "\"", "0", "\\", "\x7f", "\u00e9", "\u4f60", "\U0001F600"},
                    true, seed);
}

// A model of the same shape whose tokens are graphemes of several code points, or bytes.
inline Model model_of(TokenKind kind, std::uint64_t seed = 5) {
  Model model = unicode_model(seed);
  std::vector<std::string> uchars = {"\x01", "\"", "0", "\\", "a", "b", "c", "d"};
  if (kind == TokenKind::kGrapheme)
    uchars = {"\x01", "\"", "0", "\\", "e\u0301", "\u0928\u093f", "c", "d"};
  if (kind == TokenKind::kByte) uchars = {"\x01", "\"", "0", "\\", "\x7f", "\x80", "\xC3", "\xFF"};
  model.tokenizer = Tokenizer(std::move(uchars), model.tokenizer.bos(), kind);
  return model;
}

inline TrainingRun test_run(Model model, std::uint64_t seed = 3) {
  std::mt19937_64 rng(seed);
  if (!model.provenance) model.provenance = test_provenance();
  const std::size_t n = model.config.num_params();
  TrainingRun run{.model = std::move(model), .random = {}, .last_losses = {}};
  for (std::size_t i = 0; i < n; ++i) {
    run.model.state.adam_m.push_back(any_double(rng));
    run.model.state.adam_v.push_back(any_double(rng));
  }
  for (std::uint32_t& word : run.random.words) word = static_cast<std::uint32_t>(rng());
  run.random.index = 17;
  run.random.gauss_next = any_double(rng);
  run.last_losses = {any_double(rng), any_double(rng), any_double(rng)};
  run.temperature = any_double(rng);
  run.num_samples = 7;
  return run;
}

inline std::vector<std::uint64_t> bits(const std::vector<double>& numbers) {
  std::vector<std::uint64_t> result;
  for (const double x : numbers) result.push_back(std::bit_cast<std::uint64_t>(x));
  return result;
}

// Everything of two models is the same, numbers to the last bit: == takes -0.0 for 0.0.
inline bool same(const Model& a, const Model& b) {
  return a.config == b.config && a.tokenizer == b.tokenizer && a.provenance == b.provenance &&
         a.state == b.state && bits(flatten(a.state)) == bits(flatten(b.state)) &&
         bits(a.state.adam_m) == bits(b.state.adam_m) &&
         bits(a.state.adam_v) == bits(b.state.adam_v);
}

}  // namespace microgpt
