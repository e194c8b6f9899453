#include "microgpt/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/message_of.h"
#include "trace/steps.h"

namespace microgpt::test {
namespace {

// Of these numbers, tensor after tensor.
std::vector<double> all_data(const Trace& trace, const std::string& prefix,
                             const std::string& suffix) {
  std::vector<double> all;
  for (const Tensor& tensor : parameter_table(trace.config)) {
    const Traced& traced = trace.traced[find_traced(trace, prefix + tensor.name + suffix)];
    all.insert(all.end(), traced.data.begin(), traced.data.end());
  }
  return all;
}

std::vector<double> all_grads(const Trace& trace) {
  std::vector<double> all;
  for (const Tensor& tensor : parameter_table(trace.config)) {
    const Traced& traced = trace.traced[find_traced(trace, tensor.name)];
    all.insert(all.end(), traced.grad.begin(), traced.grad.end());
  }
  return all;
}

TEST(Trace, HasTheEnginesBits) {
  std::vector<Step> all = steps();
  for (Step& step : random_steps(10)) all.push_back(std::move(step));
  for (const Step& step : all) {
    if (step.options.cache) continue;
    SCOPED_TRACE(step.name);
    const Trace trace = step.trace();
    const auto engine = make_engine("reference", step.config);
    engine->load(step.state);
    const auto decoder = engine->new_decoder();
    std::vector<double> logits(static_cast<std::size_t>(step.config.vocab_size));
    for (std::size_t pos = 0; pos + 1 < step.tokens.size(); ++pos) {
      decoder->forward({&step.tokens[pos], 1}, logits);
      const std::string name = "pos" + std::to_string(pos) + ".logits";
      EXPECT_EQ(trace.traced[find_traced(trace, name)].data, logits);
    }
    EXPECT_EQ(engine->loss_and_grad({&step.tokens, 1}), number_at(trace, "loss"));
    EXPECT_EQ(engine->grads(), all_grads(trace));
    if (!step.options.step) continue;
    engine->optimizer_step(*step.options.step);
    const StateDict after = engine->state_dict();
    EXPECT_EQ(flatten(after), all_data(trace, "adam.", ".data"));
    EXPECT_EQ(after.adam_m, all_data(trace, "adam.", ".m"));
    EXPECT_EQ(after.adam_v, all_data(trace, "adam.", ".v"));
  }
}

// Keys and values of a whole trace's first positions.
GivenCache cache_of(const Trace& trace, std::size_t positions) {
  const auto rows = [&](const std::string& name) {
    std::vector<std::vector<std::vector<double>>> layers;
    for (int layer = 0; layer < trace.config.n_layer; ++layer) {
      layers.emplace_back();
      for (std::size_t pos = 0; pos < positions; ++pos) {
        const std::string path = "pos" + std::to_string(pos) + ".layer" + std::to_string(layer);
        layers.back().push_back(trace.traced[find_traced(trace, path + name)].data);
      }
    }
    return layers;
  };
  return {rows(".k"), rows(".v")};
}

TEST(Trace, GoesOnFromGivenKeysAndValues) {
  for (Step step : steps()) {
    if (step.options.cache) continue;
    SCOPED_TRACE(step.name);
    const Trace whole = step.trace();
    step.options.cache = cache_of(whole, 2);
    const Trace rest = step.trace();
    EXPECT_EQ(rest.first_pos, 2u);
    std::size_t compared = 0;
    for (const Traced& traced : rest.traced) {
      if (!traced.name.starts_with("pos")) continue;
      EXPECT_EQ(traced.data, whole.traced[find_traced(whole, traced.name)].data) << traced.name;
      ++compared;
    }
    EXPECT_GT(compared, 30u);
  }
}

TEST(Trace, GradientsAreOnlyThereWhenAskedFor) {
  Step step = toy_step();
  step.options.backward = false;
  const Trace trace = step.trace();
  EXPECT_FALSE(trace.has_grads);
  for (const Traced& traced : trace.traced) EXPECT_TRUE(traced.grad.empty()) << traced.name;
  EXPECT_EQ(number_at(trace, "loss"), number_at(toy_step().trace(), "loss"));
}

// One decimal more, for they only lead to others.
bool is_rough(const std::string& name) {
  static const std::set<std::string> kRough = {"ms", "scale", "dots", "exps", "total"};
  return kRough.contains(name.substr(name.rfind('.') + 1));
}

TEST(Trace, RoundsEachNumberAsItIsMade) {
  Step step = toy_step();
  step.options.round = 1;
  for (const Traced& traced : step.trace().traced) {
    for (const double x : traced.data) {
      const double unit = is_rough(traced.name) ? 0.01 : 0.1;
      EXPECT_NEAR(x / unit, std::round(x / unit), 1e-9) << traced.name;
    }
  }
}

TEST(Trace, ShapesNamesAndNodesFitTogether) {
  for (const Step& step : steps()) {
    SCOPED_TRACE(step.name);
    const Trace trace = step.trace();
    std::set<std::string> names;
    for (const Traced& traced : trace.traced) {
      EXPECT_TRUE(names.insert(traced.name).second) << traced.name;
      std::size_t size = 1;
      for (const std::size_t n : traced.shape) size *= n;
      EXPECT_EQ(traced.data.size(), size) << traced.name;
      const bool adam = traced.name.starts_with("adam.");
      EXPECT_EQ(traced.nodes.size(), adam ? 0 : size) << traced.name;
      EXPECT_EQ(traced.grad.size(), adam ? 0 : size) << traced.name;
      for (std::size_t i = 0; i < traced.nodes.size(); ++i) {
        EXPECT_EQ(trace.graph.data[traced.nodes[i]], traced.data[i]);
        EXPECT_EQ(trace.graph.grad[traced.nodes[i]], traced.grad[i]);
      }
    }
  }
}

TEST(Trace, PathsFindTheirNumbers) {
  for (const Step& step : steps()) {
    const Trace trace = step.trace();
    for (const Element element : all_elements(trace)) {
      EXPECT_EQ(find_element(trace, path_of(trace, element)), element);
    }
  }
}

TEST(Trace, ParentsAndUsersAreInverse) {
  const Trace trace = toy_step_with_cache().trace();
  std::set<std::pair<std::string, std::string>> up, down;
  for (const Element element : all_elements(trace)) {
    const std::string path = path_of(trace, element);
    std::set<std::uint32_t> tensors;
    for (const Element parent : parents_of(trace, element)) {
      up.emplace(path_of(trace, parent), path);
      tensors.insert(parent.traced);
    }
    for (const Element user : users_of(trace, element)) down.emplace(path, path_of(trace, user));
    const auto& listed = trace.traced[element.traced].parents;
    for (const std::uint32_t tensor : tensors) {
      EXPECT_NE(std::ranges::find(listed, tensor), listed.end()) << path;
    }
  }
  EXPECT_EQ(up, down);
  const auto paths = [&](const std::vector<Element>& elements) {
    std::vector<std::string> texts;
    for (const Element element : elements) texts.push_back(path_of(trace, element));
    return texts;
  };
  using Paths = std::vector<std::string>;
  EXPECT_EQ(
      paths(parents_of(trace, find_element(trace, "pos2.layer0.head0.out[1]"))),
      (Paths{"pos2.layer0.head0.weights[0]", "pos0.layer0.v[1]", "pos2.layer0.head0.weights[1]",
             "pos1.layer0.v[1]", "pos2.layer0.head0.weights[2]", "pos2.layer0.v[1]"}));
  EXPECT_EQ(paths(users_of(trace, find_element(trace, "pos2.layer0.mlp_pre[3]"))),
            Paths{"pos2.layer0.mlp_act[3]"});
}

TEST(Trace, AdamIsMadeOfWhatItsFormulasSay) {
  const Trace trace = steps().back().trace();
  const auto parents = [&](const char* path) {
    std::string text;
    for (const Element parent : parents_of(trace, find_element(trace, path))) {
      text += path_of(trace, parent) + " ";
    }
    return text;
  };
  EXPECT_EQ(parents("adam.wte.m[1][2]"), "wte[1][2] ");
  EXPECT_EQ(parents("adam.wte.v_hat[1][2]"), "adam.wte.v[1][2] ");
  EXPECT_EQ(parents("adam.wte.update[1][2]"), "adam.wte.m_hat[1][2] adam.wte.v_hat[1][2] ");
  EXPECT_EQ(parents("adam.wte.data[1][2]"), "wte[1][2] adam.wte.update[1][2] ");
}

TEST(Trace, BadInputIsRefused) {
  const auto message = [](auto change) {
    Step step = toy_step();
    change(step);
    return message_of([&] { step.trace(); });
  };
  EXPECT_EQ(message([](Step& s) { s.tokens = {0, 1, 2, 3, 1, 0}; }),
            "trace: the text makes 6 tokens with BOS on both sides, expected at most 5, one more "
            "than block_size; use a shorter text");
  EXPECT_NE(message([](Step& s) { s.tokens = {0}; }), "no error");
  EXPECT_NE(message([](Step& s) { s.tokens = {0, 4}; }), "no error");
  EXPECT_NE(message([](Step& s) { s.state.params.pop_back(); }), "no error");
  EXPECT_EQ(
      message([](Step& s) { s.config.parts = {.rmsnorm = false, .wpe = false}; }),
      "trace: expected a whole model, got one without rmsnorm, wpe; only the engines exact and "
      "reference compute such a model");
  EXPECT_EQ(message([](Step& s) { s.options.round = 16; }),
            "trace: expected 0 to 15 decimals to round to, got 16");
  EXPECT_EQ(message([](Step& s) { s.options.step = {.optimizer = Optimizer::kSgd}; }),
            "trace: the update is Adam's, got sgd");
  EXPECT_EQ(message([](Step& s) {
              s.options.cache = toy_printed_cache();
              s.tokens = {0, 1, 0};
            }),
            "trace: the cache given holds 2 positions, expected fewer than the text's 2; use a "
            "longer text");
  EXPECT_NE(message([](Step& s) {
              s.options.cache = toy_printed_cache();
              s.options.cache->values[0][1].pop_back();
            }),
            "no error");
}

TEST(Trace, UnknownPathsAreAnsweredWithSimilarOnes) {
  const Trace trace = toy_step().trace();
  const auto message = [&](const char* path) {
    return message_of([&] { find_element(trace, path); });
  };
  EXPECT_EQ(message("pos2.loxs"),
            "trace: nothing is called 'pos2.loxs'; similar: pos2.loss pos0.loss pos1.loss");
  EXPECT_EQ(message("wte[4][0]"), "trace: 'wte[4][0]' is no number, expected wte[0..3][0..1]");
  for (const char* path : {"wte", "wte[0]", "wte[0][0][0]", "wte[0][0", "wte[-1][0]", "wte[0] [0]",
                           "pos2.loss[0]", "wte[0][0]x", "wte[00000000000000000000001][0]x"}) {
    EXPECT_NE(message(path), "no error") << path;
  }
}

}  // namespace
}  // namespace microgpt::test
