#include "microgpt/state_dict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "microgpt/error.h"

namespace microgpt {
namespace {

Config small_config() {
  Config config;
  config.n_layer = 2;
  config.n_embd = 4;
  config.n_head = 2;
  config.block_size = 3;
  config.vocab_size = 5;
  return config;
}

StateDict initial(Edition edition) {
  PythonRandom random(1);
  return init_state_dict(small_config(), default_train_config(edition), random);
}

std::string message_after(const std::function<void(StateDict&)>& damage) {
  StateDict state = initial(Edition::kFinal);
  damage(state);
  try {
    check_state_dict(state, small_config(), "file");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(StateDict, TableIsInPythonsOrder) {
  std::string names;
  for (const Tensor& t : parameter_table(small_config())) {
    names += t.name + ":" + std::to_string(t.rows) + "x" + std::to_string(t.cols) + " ";
  }
  EXPECT_EQ(names,
            "wte:5x4 wpe:3x4 lm_head:5x4 "
            "layer0.attn_wq:4x4 layer0.attn_wk:4x4 layer0.attn_wv:4x4 layer0.attn_wo:4x4 "
            "layer0.mlp_fc1:16x4 layer0.mlp_fc2:4x16 "
            "layer1.attn_wq:4x4 layer1.attn_wk:4x4 layer1.attn_wv:4x4 layer1.attn_wo:4x4 "
            "layer1.mlp_fc1:16x4 layer1.mlp_fc2:4x16 ");
}

TEST(StateDict, ParametersAreDrawnInOrder) {
  PythonRandom random(1);
  std::vector<double> expected;
  for (std::size_t i = 0; i < small_config().num_params(); ++i) {
    expected.push_back(random.gauss(0.0, 0.08));
  }
  EXPECT_EQ(flatten(initial(Edition::kFinal)), expected);
}

// The first edition draws for attn_wo and mlp_fc2 too, so what follows them is the same draw.
TEST(StateDict, FirstEditionZeroesProjectionsButDrawsForThem) {
  const StateDict final_edition = initial(Edition::kFinal), first = initial(Edition::kFirst);
  for (std::size_t i = 0; i < first.params.size(); ++i) {
    const Tensor& tensor = first.params[i];
    const bool zero = tensor.name.ends_with("attn_wo") || tensor.name.ends_with("mlp_fc2");
    for (std::size_t j = 0; j < tensor.data.size(); ++j) {
      const double z = final_edition.params[i].data[j] / 0.08;
      EXPECT_NEAR(tensor.data[j], zero ? 0.0 : z * 0.02, 1e-16);
      EXPECT_FALSE(zero && std::signbit(tensor.data[j]));
    }
  }
}

TEST(StateDict, CheckNamesWhatIsWrong) {
  EXPECT_EQ(message_after([](StateDict&) {}), "no error");
  EXPECT_EQ(message_after([](StateDict& s) { s.params.pop_back(); }),
            "file: wrong number of parameter matrices, expected 15, got 14");
  EXPECT_EQ(message_after([](StateDict& s) { std::swap(s.params[0], s.params[2]); }),
            "file: parameters out of order, expected wte, got lm_head");
  EXPECT_EQ(message_after([](StateDict& s) { s.params[1].rows = 4; }),
            "file: wpe has the wrong shape, expected 3 x 4, got 4 x 4 with 12 values");
  EXPECT_EQ(message_after([](StateDict& s) { s.params[3].data[7] = std::nan(""); }),
            "file: layer0.attn_wq is damaged, expected finite numbers, got nan");
  EXPECT_EQ(message_after([](StateDict& s) { s.adam_m.resize(7); }),
            "file: adam_m has the wrong length, expected 436 or none, got 7");
  EXPECT_EQ(message_after([](StateDict& s) { s.adam_v.resize(436); }),
            "file: adam_m and adam_v differ in length, got 0 and 436");
}

TEST(StateDict, HashIsOverLittleEndianDoubles) {
  StateDict state;
  state.params = {{"a", 1, 2, {1.0, -2.5}}};
  // python3: hashlib.sha256(struct.pack('<2d', 1.0, -2.5)).hexdigest()
  EXPECT_EQ(params_sha256(state),
            "f138ae8a7b9a72de60b736f59d2474dd5b2357f5817f0dfa3309f5da5e629d87");
}

}  // namespace
}  // namespace microgpt
