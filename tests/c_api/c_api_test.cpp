// The interface for C: the same bits as the C++ library, and no way to crash it.
#include "microgpt/c_api.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <tuple>

#include "microgpt/engine.h"
#include "microgpt/expression.h"
#include "microgpt/sampler.h"
#include "microgpt/trace.h"
#include "microgpt/trainer.h"

namespace microgpt {
namespace {

template <class Handle, void (*kFree)(Handle*)>
struct Freer {
  void operator()(Handle* handle) const { kFree(handle); }
};
template <class Handle, void (*kFree)(Handle*)>
using Owner = std::unique_ptr<Handle, Freer<Handle, kFree>>;
using ModelHandle = Owner<microgpt_model, microgpt_model_free>;
using GraphHandle = Owner<microgpt_graph, microgpt_graph_free>;
using TraceHandle = Owner<microgpt_trace, microgpt_trace_free>;
using DiffHandle = Owner<microgpt_diff, microgpt_diff_free>;
using TrainingHandle = Owner<microgpt_training, microgpt_training_free>;
using SamplerHandle = Owner<microgpt_sampler, microgpt_sampler_free>;
using ConstraintHandle = Owner<microgpt_constraint, microgpt_constraint_free>;

const std::string kDocuments = "anna\nbob\ncarla\ndan\neve\n";
const std::vector<int> kToyTokens = {0, 1, 2, 0};

TraceHandle toy_trace(const microgpt_trace_options* options) {
  const ModelHandle model(microgpt_model_toy());
  return TraceHandle(
      microgpt_trace_new(model.get(), kToyTokens.data(), kToyTokens.size(), options));
}

microgpt_trace_options with_update() {
  microgpt_trace_options options;
  microgpt_default_trace_options(&options);
  options.update = 1;
  return options;
}

Trace expected_trace(bool backward) {
  const Model model = toy_model();
  TraceOptions options;
  if (backward) options.step = OptimizerStep{Optimizer::kAdam, 0, 0.01, 0.85, 0.99, 1e-8};
  return trace(model.config, model.state, kToyTokens, options);
}

// What a column that may be NULL holds.
template <class T>
std::vector<T> column(const T* numbers, std::size_t size) {
  return numbers == nullptr ? std::vector<T>() : std::vector<T>(numbers, numbers + size);
}

bool contains(const char* text, const char* part) {
  return std::string(text).find(part) != std::string::npos;
}

microgpt_settings small_settings() {
  microgpt_settings settings;
  EXPECT_EQ(microgpt_default_settings(MICROGPT_EDITION_FINAL, &settings), 0);
  settings.n_embd = 4;
  settings.n_head = 2;
  settings.block_size = 6;
  settings.num_steps = 20;
  return settings;
}

TrainingHandle small_training(const microgpt_settings& settings, const char* engine) {
  return TrainingHandle(
      microgpt_training_new(kDocuments.data(), kDocuments.size(), &settings, engine));
}

std::vector<double> losses_of(microgpt_training* training, std::size_t steps) {
  std::vector<double> losses(steps);
  std::size_t done = 0;
  EXPECT_EQ(microgpt_train(training, steps, losses.data(), &done), 0) << microgpt_last_error();
  losses.resize(done);
  return losses;
}

TEST(CApi, ModelIsWhatItsJsonSays) {
  const Model toy = toy_model();
  const std::string json = format_model(toy);
  const ModelHandle model(microgpt_model_parse(json.data(), json.size()));
  ASSERT_NE(model, nullptr) << microgpt_last_error();
  microgpt_config config;
  ASSERT_EQ(microgpt_model_config(model.get(), &config), 0);
  EXPECT_EQ(config.vocab_size, 4);
  EXPECT_EQ(config.n_embd, 2);
  EXPECT_EQ(config.bos, 0);
  EXPECT_EQ(config.num_params, 72u);
  std::size_t size = 0;
  const char* const text = microgpt_model_json(model.get(), &size);
  EXPECT_EQ(std::string(text, size), json);
  ASSERT_EQ(microgpt_model_num_parameters(model.get()), toy.state.params.size());
  for (std::size_t i = 0; i < toy.state.params.size(); ++i) {
    microgpt_parameter parameter;
    ASSERT_EQ(microgpt_model_parameter(model.get(), i, &parameter), 0);
    const Tensor& tensor = toy.state.params[i];
    EXPECT_EQ(parameter.name, tensor.name);
    ASSERT_EQ(parameter.rows * parameter.cols, tensor.data.size());
    EXPECT_EQ(std::vector(parameter.data, parameter.data + tensor.data.size()), tensor.data);
  }
}

TEST(CApi, TextBecomesTokensAndLetters) {
  const ModelHandle model(microgpt_model_toy());
  std::vector<int> tokens(4, -1);
  std::size_t count = 0;
  ASSERT_EQ(microgpt_encode(model.get(), "cab", 3, tokens.data(), 4, &count), 0);
  EXPECT_EQ(count, 5u);
  EXPECT_EQ(tokens, (std::vector{0, 3, 1, 2}));
  EXPECT_STREQ(microgpt_token_text(model.get(), 3, nullptr), "c");
  EXPECT_STREQ(microgpt_token_text(model.get(), 0, nullptr), "");
}

TEST(CApi, TraceHasTheBitsAndNamesOfTheLibrary) {
  const microgpt_trace_options options = with_update();
  const TraceHandle handle = toy_trace(&options);
  ASSERT_NE(handle, nullptr) << microgpt_last_error();
  const Trace expected = expected_trace(true);
  ASSERT_EQ(microgpt_trace_size(handle.get()), expected.traced.size());
  for (std::size_t i = 0; i < expected.traced.size(); ++i) {
    const Traced& traced = expected.traced[i];
    microgpt_traced got;
    ASSERT_EQ(microgpt_trace_at(handle.get(), i, &got), 0);
    EXPECT_EQ(got.name, traced.name);
    EXPECT_EQ(std::vector(got.shape, got.shape + got.num_dims), traced.shape);
    EXPECT_EQ(std::vector(got.data, got.data + got.size), traced.data);
    EXPECT_EQ(column(got.grad, got.size), traced.grad);
    EXPECT_EQ(column(got.nodes, got.size), traced.nodes);
    EXPECT_EQ(std::vector(got.parents, got.parents + got.num_parents), traced.parents);
    EXPECT_EQ(got.formula, traced.origin.formula);
    EXPECT_EQ(got.file, traced.origin.file);
    EXPECT_EQ(got.line, traced.origin.line);
    EXPECT_EQ(got.python_line, traced.origin.python_line);
    EXPECT_EQ(got.python_function, traced.origin.python_function);
  }
}

TEST(CApi, PathsAndFormulasAreThoseOfTheLibrary) {
  const microgpt_trace_options options = with_update();
  const TraceHandle handle = toy_trace(&options);
  const Trace expected = expected_trace(true);
  const FormulaWriter writer(expected);
  const std::string path = "pos2.layer0.q[1]";
  microgpt_element element;
  ASSERT_EQ(microgpt_trace_find(handle.get(), path.data(), path.size(), &element), 0);
  EXPECT_EQ(microgpt_trace_path(handle.get(), element, nullptr), path);
  const Element q = find_element(expected, path);
  EXPECT_EQ(microgpt_trace_formula(handle.get(), element, MICROGPT_FORMULA_NAMES, 17, nullptr),
            writer.value(q, FormulaStyle::kNames));
  EXPECT_EQ(microgpt_trace_formula(handle.get(), element, MICROGPT_FORMULA_NUMBERS, 3, nullptr),
            writer.value(q, FormulaStyle::kNumbers, 3));
  EXPECT_EQ(
      microgpt_trace_gradient_formula(handle.get(), element, MICROGPT_FORMULA_NUMBERS, 17, nullptr),
      writer.gradient(q, FormulaStyle::kNumbers));
  microgpt_traced traced;
  ASSERT_EQ(microgpt_trace_at(handle.get(), element.traced, &traced), 0);
  microgpt_element name;
  ASSERT_EQ(microgpt_trace_name_of(handle.get(), traced.nodes[1], &name), 0);
  EXPECT_EQ(name.traced, element.traced);
  EXPECT_EQ(name.index, 1u);
}

TEST(CApi, GraphIsTheTape) {
  const TraceHandle handle = toy_trace(nullptr);
  microgpt_graph* const graph = microgpt_trace_graph(handle.get());
  microgpt_graph_free(graph);  // which the trace keeps
  const Graph expected = expected_trace(false).graph;
  ASSERT_EQ(microgpt_graph_size(graph), expected.size());
  std::uint32_t root = 0;
  ASSERT_EQ(microgpt_graph_root(graph, &root), 0);
  EXPECT_EQ(root, expected.root);
  constexpr std::size_t kFrom = 70;
  microgpt_nodes nodes;
  ASSERT_EQ(microgpt_graph_nodes(graph, kFrom, SIZE_MAX, &nodes), 0);
  ASSERT_EQ(nodes.count, expected.size() - kFrom);
  for (std::size_t i = 0; i < nodes.count; ++i) {
    EXPECT_EQ(static_cast<Op>(nodes.op[i]), expected.op[kFrom + i]);
    EXPECT_EQ(nodes.data[i], expected.data[kFrom + i]);
    EXPECT_EQ(nodes.left[i], expected.left[kFrom + i]);
    EXPECT_EQ(nodes.right[i], expected.right[kFrom + i]);
    EXPECT_EQ(nodes.left_local_grad[i], expected.left_local_grad[kFrom + i]);
    EXPECT_EQ(nodes.right_local_grad[i], expected.right_local_grad[kFrom + i]);
    EXPECT_EQ(nodes.exponent[i], expected.exponent[kFrom + i]);
  }
  std::size_t count = 0;
  const std::uint32_t* const order = microgpt_graph_order(graph, &count);
  EXPECT_EQ(std::vector(order, order + count), topological_order(expected));
}

// In turns of the backward pass, one after the other or up to any at once.
TEST(CApi, BackwardStepByStepEndsInTheGradients) {
  const TraceHandle handle = toy_trace(nullptr);
  microgpt_graph* const graph = microgpt_trace_graph(handle.get());
  const Trace expected = expected_trace(true);
  constexpr std::size_t kAdamNames = 9 * 6;
  const auto grad_of = [&](std::size_t traced) {
    microgpt_traced got;
    EXPECT_EQ(microgpt_trace_at(handle.get(), traced, &got), 0);
    return got.grad == nullptr ? std::vector<double>() : std::vector(got.grad, got.grad + got.size);
  };
  EXPECT_TRUE(grad_of(0).empty());
  ASSERT_EQ(microgpt_backward_step(graph, 0), 0);  // only the root has one
  EXPECT_EQ(grad_of(expected.traced.size() - 1 - kAdamNames), std::vector{1.0});
  ASSERT_EQ(microgpt_backward_recursive(graph), 0);
  EXPECT_EQ(grad_of(0).size(), 8u);
  Graph stepped = expected.graph;
  const auto order = topological_order(stepped);
  for (std::size_t turn = 1; turn <= order.size() + 1; ++turn) {
    std::size_t done = 0;
    ASSERT_EQ(microgpt_backward_next(graph, &done), 0);
    EXPECT_EQ(done, std::min(turn, order.size()));
    if (turn % 500 != 1) continue;
    backward(stepped, order, turn);
    microgpt_nodes nodes;
    ASSERT_EQ(microgpt_graph_nodes(graph, 0, SIZE_MAX, &nodes), 0);
    EXPECT_EQ(std::vector(nodes.grad, nodes.grad + nodes.count), stepped.grad) << turn;
  }
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(grad_of(i), expected.traced[i].grad);
  ASSERT_EQ(microgpt_backward_step(graph, 1), 0);
  EXPECT_EQ(grad_of(0), std::vector<double>(8, 0.0));
  EXPECT_STREQ(microgpt_trace_gradient_formula(handle.get(), {0, 0}, 0, 17, nullptr), "");
  ASSERT_EQ(microgpt_backward_step(graph, SIZE_MAX), 0);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(grad_of(i), expected.traced[i].grad);
  EXPECT_EQ(microgpt_trace_gradient_formula(handle.get(), {0, 0}, 0, 17, nullptr),
            FormulaWriter(expected).gradient({0, 0}, FormulaStyle::kNames));
}

// a.grad is 4 where b = a + a and c = b + b; the recursive pass gives more.
TEST(CApi, ExpressionsAreGraphsToStepThrough) {
  const std::string text = "c = b + b; b = a + a; a = 1";
  const GraphHandle graph(microgpt_graph_parse(text.data(), text.size()));
  ASSERT_NE(graph, nullptr) << microgpt_last_error();
  const Graph expected = graph_of_expression(text);
  ASSERT_EQ(microgpt_graph_size(graph.get()), expected.size());
  for (std::uint32_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(microgpt_graph_name(graph.get(), i, nullptr), expected.name[i]);
  }
  const auto grads = [&] {
    microgpt_nodes nodes;
    EXPECT_EQ(microgpt_graph_nodes(graph.get(), 0, SIZE_MAX, &nodes), 0);
    return std::vector(nodes.grad, nodes.grad + nodes.count);
  };
  EXPECT_EQ(grads(), std::vector<double>(expected.size(), 0.0));
  ASSERT_EQ(microgpt_backward_recursive(graph.get()), 0);
  EXPECT_EQ(grads(), recursive_backward(expected).grad);
  std::size_t done = 0;
  ASSERT_EQ(microgpt_backward_next(graph.get(), &done), 0);
  EXPECT_EQ(done, 1u);
  ASSERT_EQ(microgpt_backward_step(graph.get(), SIZE_MAX), 0);
  Graph whole = expected;
  backward(whole, topological_order(whole));
  EXPECT_EQ(grads(), whole.grad);
  EXPECT_NE(grads(), recursive_backward(expected).grad);
}

TEST(CApi, ExpressionsAreEvaluatedForOtherLeaves) {
  const std::string text = "L = (relu(a*b) + exp(a)).log() ** -0.5; a = 1; b = 2";
  const GraphHandle graph(microgpt_graph_parse(text.data(), text.size()));
  ASSERT_NE(graph, nullptr);
  const Graph as_parsed = graph_of_expression(text);
  const auto named = [&](std::string_view name) {
    const auto at = std::find(as_parsed.name.begin(), as_parsed.name.end(), name);
    return static_cast<std::uint32_t>(at - as_parsed.name.begin());
  };
  const std::array<std::uint32_t, 2> leaves = {named("a"), named("b")};
  const std::array<std::uint32_t, 2> nodes = {named("L"), named("a")};
  const std::array<double, 6> settings = {1, 2, 0.3, -4, -0.7, -3};
  std::array<double, 6> values = {};
  ASSERT_EQ(microgpt_graph_evaluate(graph.get(), leaves.data(), 2, settings.data(), 3, nodes.data(),
                                    2, values.data()),
            0)
      << microgpt_last_error();
  for (std::size_t i = 0; i < 3; ++i) {
    const double a = settings[2 * i], b = settings[2 * i + 1];
    const Graph anew = graph_of_expression(
        fmt::format("L = (relu(a*b) + exp(a)).log() ** -0.5; a = {}; b = {}", a, b));
    EXPECT_EQ(values[2 * i], anew.data[anew.root]) << i;
    EXPECT_EQ(values[2 * i + 1], a) << i;
  }
  microgpt_nodes own;
  ASSERT_EQ(microgpt_graph_nodes(graph.get(), 0, SIZE_MAX, &own), 0);
  EXPECT_EQ(own.data[as_parsed.root], as_parsed.data[as_parsed.root]);  // left as it was

  const std::uint32_t computed = as_parsed.root, outside = 99;
  const auto evaluate = [&](const std::uint32_t* leaf, const std::uint32_t* node) {
    return microgpt_graph_evaluate(graph.get(), leaf, 1, settings.data(), 1, node, 1,
                                   values.data());
  };
  EXPECT_EQ(evaluate(&computed, nodes.data()), -1);
  EXPECT_EQ(evaluate(&outside, nodes.data()), -1);
  EXPECT_EQ(evaluate(leaves.data(), &outside), -1);
  EXPECT_EQ(evaluate(nullptr, nodes.data()), -1);
}

TEST(CApi, ExpressionsThatAreNoneAreErrors) {
  EXPECT_EQ(microgpt_graph_parse("a +", 3), nullptr);
  EXPECT_TRUE(contains(microgpt_last_error(), "^")) << microgpt_last_error();
  EXPECT_EQ(microgpt_graph_parse(nullptr, 0), nullptr);
  const GraphHandle graph(microgpt_graph_parse("1 + a; a = 2", 12));
  ASSERT_NE(graph, nullptr);
  EXPECT_EQ(microgpt_graph_name(graph.get(), 99, nullptr), nullptr);
  EXPECT_EQ(microgpt_graph_name(nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(microgpt_backward_recursive(nullptr), -1);
}

TEST(CApi, CacheCanBeGivenOrAsPrinted) {
  microgpt_trace_options options;
  microgpt_default_trace_options(&options);
  options.printed_cache = 1;
  const TraceHandle printed = toy_trace(&options);
  options.printed_cache = 0;
  const GivenCache cache = toy_printed_cache();
  std::vector<double> keys, values;
  for (const auto& row : cache.keys[0]) keys.insert(keys.end(), row.begin(), row.end());
  for (const auto& row : cache.values[0]) values.insert(values.end(), row.begin(), row.end());
  options.keys = keys.data();
  options.values = values.data();
  options.num_given = 2;
  const TraceHandle given = toy_trace(&options);
  options.round = 2;
  const TraceHandle rounded = toy_trace(&options);
  const auto loss = [](const TraceHandle& handle) {
    microgpt_element element;
    microgpt_traced traced;
    EXPECT_EQ(microgpt_trace_find(handle.get(), "loss", 4, &element), 0);
    EXPECT_EQ(microgpt_trace_at(handle.get(), element.traced, &traced), 0);
    return traced.data[0];
  };
  EXPECT_NEAR(loss(printed), 1.802973, 1e-6);
  EXPECT_EQ(loss(given), loss(printed));
  EXPECT_EQ(loss(rounded), std::round(loss(rounded) * 100) / 100);

  options.round = -1;
  const ModelHandle toy(microgpt_model_toy());
  double alone;
  ASSERT_EQ(microgpt_loss(toy.get(), kToyTokens.data(), kToyTokens.size(), &options, &alone), 0)
      << microgpt_last_error();
  EXPECT_EQ(alone, loss(given));
}

TEST(CApi, TrainingHasTheLossesOfTheLibrary) {
  const microgpt_settings settings = small_settings();
  for (const char* engine : {"exact", "reference", "cpu"}) {
    const TrainingHandle training = small_training(settings, engine);
    ASSERT_NE(training, nullptr) << microgpt_last_error();
    std::vector<double> losses = losses_of(training.get(), 7);
    const std::vector<double> rest = losses_of(training.get(), 100);
    losses.insert(losses.end(), rest.begin(), rest.end());

    TrainConfig train_config;
    train_config.num_steps = 20;
    PythonRandom random(42);
    Dataset dataset(kDocuments, "documents");
    dataset.shuffle(random);
    const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
    const Config config = {
        .n_embd = 4, .block_size = 6, .n_head = 2, .vocab_size = tokenizer.vocab_size()};
    const auto expected = make_engine(engine, config);
    expected->load(init_state_dict(config, train_config, random));
    std::vector<double> expected_losses;
    train(*expected, config, train_config, dataset, tokenizer, 0, [&](const StepReport& report) {
      expected_losses.push_back(report.loss);
      return true;
    });
    EXPECT_EQ(losses, expected_losses);
    EXPECT_EQ(microgpt_training_document(training.get(), 1, nullptr), dataset[1]);

    const ModelHandle model(microgpt_training_model(training.get()));
    microgpt_parameter wte;
    ASSERT_EQ(microgpt_model_parameter(model.get(), 0, &wte), 0);
    EXPECT_EQ(std::vector(wte.data, wte.data + wte.rows * wte.cols),
              expected->state_dict().params[0].data);
  }
}

TEST(CApi, ADiffTellsTheFirstNumberThatDiffers) {
  const microgpt_settings a = small_settings();
  microgpt_settings b = a;
  const auto first = [&] {
    const DiffHandle diff(
        microgpt_diff_new(kDocuments.data(), kDocuments.size(), &a, &b, "exact", 100));
    microgpt_difference found;
    EXPECT_EQ(microgpt_diff_first(diff.get(), &found), 0) << microgpt_last_error();
    return std::tuple(found.step, found.stage, std::string(found.path ? found.path : ""));
  };
  EXPECT_EQ(first(), std::tuple(0, 0, ""));
  b.eps_adam = 1e-7;
  EXPECT_EQ(first(), std::tuple(1, MICROGPT_STAGE_UPDATE, "adam.wte.update[0][0]"));
  b = a;
  b.num_steps = a.num_steps + 1;  // the learning rate falls more slowly from step 2 on
  EXPECT_EQ(first(), std::tuple(2, MICROGPT_STAGE_UPDATE, "adam.wte.update[0][0]"));
  b = a;
  b.n_layer = 2;
  microgpt_difference found;
  const DiffHandle deeper(
      microgpt_diff_new(kDocuments.data(), kDocuments.size(), &a, &b, "exact", 100));
  ASSERT_EQ(microgpt_diff_first(deeper.get(), &found), 0);
  EXPECT_EQ(found.stage, MICROGPT_STAGE_PARAMETERS);
  EXPECT_TRUE(std::isnan(found.a) || std::isnan(found.b) || found.a != found.b);

  EXPECT_EQ(microgpt_diff_first(nullptr, &found), -1);
  EXPECT_EQ(microgpt_diff_new(nullptr, 0, &a, &b, "exact", 1), nullptr);
  EXPECT_EQ(microgpt_diff_new(kDocuments.data(), kDocuments.size(), &a, &b, "abacus", 1), nullptr);
  microgpt_diff_free(nullptr);
}

TEST(CApi, SamplesAreThoseOfTheLibrary) {
  const Model toy = toy_model();
  const ModelHandle model(microgpt_model_toy());
  const SamplerHandle sampler(microgpt_sampler_new(model.get(), "exact", 7));
  const auto engine = make_engine("exact", toy.config);
  engine->load(toy.state);
  const auto decoder = engine->new_decoder();
  PythonRandom random(7);
  for (int i = 0; i < 5; ++i) {
    const Sample expected =
        generate(*decoder, toy.config, toy.tokenizer, {.temperature = 0.8}, "b", random);
    EXPECT_EQ(microgpt_sample(sampler.get(), "b", 1, 0.8, nullptr), expected.text);
  }
}

TEST(CApi, WrittenParametersCount) {
  const ModelHandle model(microgpt_model_toy());
  const auto loss = [&] {
    const TraceHandle handle(microgpt_trace_new(model.get(), kToyTokens.data(), 4, nullptr));
    microgpt_element element;
    microgpt_traced traced;
    if (microgpt_trace_find(handle.get(), "loss", 4, &element) != 0) return 0.0;
    EXPECT_EQ(microgpt_trace_at(handle.get(), element.traced, &traced), 0);
    return traced.data[0];
  };
  const double before = loss();
  microgpt_parameter wte;
  ASSERT_EQ(microgpt_model_parameter(model.get(), 0, &wte), 0);
  wte.data[0] += 1;
  EXPECT_NE(loss(), before);
  wte.data[0] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(loss(), 0.0);
  EXPECT_EQ(microgpt_model_json(model.get(), nullptr), nullptr);
}

TEST(CApi, NothingGivenIsAnErrorAndNoCrash) {
  EXPECT_EQ(microgpt_model_parse(nullptr, 3), nullptr);
  EXPECT_TRUE(contains(microgpt_last_error(), "json: expected one, got NULL"));
  EXPECT_EQ(microgpt_model_parse("{\"config\":", 10), nullptr);
  EXPECT_TRUE(contains(microgpt_last_error(), "model: ")) << microgpt_last_error();
  EXPECT_EQ(microgpt_model_config(nullptr, nullptr), -1);
  EXPECT_EQ(microgpt_model_parameter(nullptr, 0, nullptr), -1);
  EXPECT_EQ(microgpt_model_num_parameters(nullptr), 0u);
  EXPECT_EQ(microgpt_model_json(nullptr, nullptr), nullptr);
  EXPECT_EQ(microgpt_encode(nullptr, "a", 1, nullptr, 0, nullptr), -1);
  EXPECT_EQ(microgpt_token_text(nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_new(nullptr, nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_size(nullptr), 0u);
  EXPECT_EQ(microgpt_trace_at(nullptr, 0, nullptr), -1);
  EXPECT_EQ(microgpt_trace_find(nullptr, "loss", 4, nullptr), -1);
  EXPECT_EQ(microgpt_trace_path(nullptr, {0, 0}, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_name_of(nullptr, 0, nullptr), -1);
  EXPECT_EQ(microgpt_trace_formula(nullptr, {0, 0}, 0, 17, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_gradient_formula(nullptr, {0, 0}, 0, 17, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_graph(nullptr), nullptr);
  EXPECT_EQ(microgpt_graph_size(nullptr), 0u);
  EXPECT_EQ(microgpt_graph_root(nullptr, nullptr), -1);
  EXPECT_EQ(microgpt_graph_nodes(nullptr, 0, 1, nullptr), -1);
  EXPECT_EQ(microgpt_graph_order(nullptr, nullptr), nullptr);
  EXPECT_EQ(microgpt_backward_step(nullptr, 1), -1);
  EXPECT_EQ(microgpt_backward_next(nullptr, nullptr), -1);
  EXPECT_EQ(microgpt_default_settings(0, nullptr), -1);
  EXPECT_EQ(microgpt_training_new(nullptr, 0, nullptr, nullptr), nullptr);
  EXPECT_EQ(microgpt_training_num_documents(nullptr), 0u);
  EXPECT_EQ(microgpt_training_document(nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(microgpt_train(nullptr, 1, nullptr, nullptr), -1);
  EXPECT_EQ(microgpt_training_model(nullptr), nullptr);
  EXPECT_EQ(microgpt_sampler_new(nullptr, nullptr, 0), nullptr);
  EXPECT_EQ(microgpt_sample(nullptr, nullptr, 0, 1, nullptr), nullptr);
  microgpt_default_trace_options(nullptr);
  microgpt_model_free(nullptr);
  microgpt_graph_free(nullptr);
  microgpt_trace_free(nullptr);
  microgpt_training_free(nullptr);
  microgpt_sampler_free(nullptr);
}

TEST(CApi, OutOfRangeIsAnErrorAndNoCrash) {
  const ModelHandle model(microgpt_model_toy());
  microgpt_parameter parameter;
  EXPECT_EQ(microgpt_model_parameter(model.get(), 9, &parameter), -1);
  EXPECT_TRUE(contains(microgpt_last_error(), "expected 0 to below 9, got 9"));
  EXPECT_EQ(microgpt_token_text(model.get(), 4, nullptr), nullptr);
  EXPECT_EQ(microgpt_token_text(model.get(), -1, nullptr), nullptr);
  std::size_t count = 77;
  EXPECT_EQ(microgpt_encode(model.get(), "z", 1, nullptr, 0, &count), -1);
  EXPECT_EQ(count, 77u);
  EXPECT_EQ(microgpt_encode(model.get(), "a", 1, nullptr, 3, &count), -1);
  const int bad_tokens[] = {0, 4, 0};
  EXPECT_EQ(microgpt_trace_new(model.get(), bad_tokens, 3, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_new(model.get(), bad_tokens, 0, nullptr), nullptr);
  microgpt_trace_options options = with_update();
  options.edition = 2;
  EXPECT_EQ(toy_trace(&options), nullptr);
  options = with_update();
  options.round = 99;
  EXPECT_EQ(toy_trace(&options), nullptr);
  options = with_update();
  options.num_given = 1;
  EXPECT_EQ(toy_trace(&options), nullptr);
  for (const std::int64_t step : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    options = with_update();
    options.step = step;
    EXPECT_EQ(toy_trace(&options), nullptr);
    EXPECT_TRUE(contains(microgpt_last_error(), "trace: step: expected 0")) << step;
  }
  options = with_update();
  options.learning_rate = std::nan("");
  EXPECT_EQ(toy_trace(&options), nullptr);
  EXPECT_TRUE(contains(microgpt_last_error(), "learning_rate"));

  const TraceHandle handle = toy_trace(nullptr);
  const auto size = static_cast<std::uint32_t>(microgpt_trace_size(handle.get()));
  microgpt_traced traced;
  microgpt_element element;
  EXPECT_EQ(microgpt_trace_at(handle.get(), size, &traced), -1);
  EXPECT_EQ(microgpt_trace_at(handle.get(), 0, nullptr), -1);
  EXPECT_EQ(microgpt_trace_find(handle.get(), "pos9", 4, &element), -1);
  EXPECT_TRUE(contains(microgpt_last_error(), "nothing is called 'pos9'"));
  EXPECT_EQ(microgpt_trace_path(handle.get(), {size, 0}, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_formula(handle.get(), {0, 8}, 0, 17, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_formula(handle.get(), {0, 0}, 2, 17, nullptr), nullptr);
  EXPECT_EQ(microgpt_trace_formula(handle.get(), {0, 0}, 0, 0, nullptr), nullptr);
  EXPECT_STREQ(microgpt_trace_gradient_formula(handle.get(), {0, 0}, 0, 17, nullptr), "");
  microgpt_graph* const graph = microgpt_trace_graph(handle.get());
  microgpt_nodes nodes;
  EXPECT_EQ(microgpt_graph_nodes(graph, microgpt_graph_size(graph) + 1, 1, &nodes), -1);
  EXPECT_EQ(microgpt_graph_nodes(graph, microgpt_graph_size(graph), 1, &nodes), 0);
  EXPECT_EQ(nodes.count, 0u);
  EXPECT_EQ(microgpt_trace_name_of(handle.get(), UINT32_MAX, &element), -1);
}

TEST(CApi, TrainingThatCannotBeIsAnError) {
  microgpt_settings settings = small_settings();
  EXPECT_EQ(small_training(settings, "abacus"), nullptr);
  EXPECT_TRUE(contains(microgpt_last_error(), "abacus"));
  settings.schedule = -1;
  EXPECT_EQ(small_training(settings, "exact"), nullptr);
  settings = small_settings();
  settings.n_head = 3;
  EXPECT_EQ(small_training(settings, "exact"), nullptr);
  EXPECT_EQ(microgpt_default_settings(2, &settings), -1);

  settings = small_settings();
  settings.learning_rate = 1e300;
  const TrainingHandle training = small_training(settings, "exact");
  std::vector<double> losses(20);
  std::size_t done = 0;
  EXPECT_EQ(microgpt_train(training.get(), 0, nullptr, &done), 0);
  EXPECT_EQ(microgpt_train(training.get(), 20, losses.data(), &done), -1);
  EXPECT_TRUE(contains(microgpt_last_error(), "diverged")) << microgpt_last_error();
  ASSERT_GT(done, 0u);  // that were good
  EXPECT_TRUE(std::isfinite(losses[done - 1]));
  EXPECT_EQ(losses[done], 0.0);
  EXPECT_EQ(microgpt_train(training.get(), 1, losses.data(), &done), -1);
  EXPECT_TRUE(contains(microgpt_last_error(), "has ended with an error"));
  EXPECT_EQ(microgpt_training_model(training.get()), nullptr);
}

TEST(CApi, LongErrorsEndBetweenLetters) {
  const TraceHandle trace = toy_trace(nullptr);
  microgpt_element element;
  for (int shift = 0; shift < 2; ++shift) {
    std::string path(static_cast<std::size_t>(shift), 'x');
    for (int i = 0; i < 1000; ++i) path += "\xC3\xA9";
    EXPECT_EQ(microgpt_trace_find(trace.get(), path.data(), path.size(), &element), -1);
    const std::string message = microgpt_last_error();
    EXPECT_GE(message.size(), 1022u);
    EXPECT_EQ(message.back(), '\xA9');
  }
}

TEST(CApi, EachThreadHasItsLastError) {
  EXPECT_EQ(microgpt_model_parse("x", 1), nullptr);
  const std::string mine = microgpt_last_error();
  std::string others = "none";
  std::thread([&] { others = microgpt_last_error(); }).join();
  EXPECT_EQ(others, "");
  EXPECT_EQ(microgpt_last_error(), mine);
}

// ---- Constraints ----

ModelHandle untrained() {
  const TrainingHandle training(
      microgpt_training_new(kDocuments.data(), kDocuments.size(), nullptr, "exact"));
  return ModelHandle(microgpt_training_model(training.get()));
}

ConstraintHandle forbidding(const ModelHandle& model, const std::string& policy) {
  return ConstraintHandle(microgpt_constraint_forbid(model.get(), policy.data(), policy.size()));
}

ConstraintHandle shaped(const ModelHandle& model, const std::string& starts,
                        const std::string& ends, std::size_t min, std::size_t max,
                        const std::string& letters) {
  return ConstraintHandle(microgpt_constraint_shape(model.get(), starts.data(), starts.size(),
                                                    ends.data(), ends.size(), min, max,
                                                    letters.data(), letters.size()));
}

int allows(const ConstraintHandle& constraint, const std::string& text) {
  int allowed = -1;
  EXPECT_EQ(microgpt_constraint_allows(constraint.get(), text.data(), text.size(), &allowed), 0);
  return allowed;
}

TEST(CApi, ConstraintsJudgeAndMask) {
  const ModelHandle model = untrained();
  const ConstraintHandle both(microgpt_constraint_both(forbidding(model, "bob").get(),
                                                       shaped(model, "b", "", 3, 4, "").get()));
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(allows(both, "bobb"), 0);
  EXPECT_EQ(allows(both, "boa"), 1);
  EXPECT_EQ(allows(both, "bo"), 0);
  EXPECT_EQ(allows(both, "boaaa"), 0);
  std::vector<std::uint8_t> mask(11, 9);  // a b c d e l n o r v BOS
  EXPECT_EQ(microgpt_constraint_mask(both.get(), "bo", 2, mask.data()), 0);
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0}));
  EXPECT_EQ(microgpt_constraint_mask(both.get(), "boaa", 4, mask.data()), 0);
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(microgpt_constraint_mask(both.get(), "", 0, mask.data()), 0);
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(CApi, SamplersKeepToConstraints) {
  const ModelHandle model = untrained();
  const SamplerHandle sampler(microgpt_sampler_new(model.get(), nullptr, 42));
  {
    const ConstraintHandle constraint = shaped(model, "", "a", 4, 5, "");
    ASSERT_EQ(microgpt_sampler_constrain(sampler.get(), constraint.get(), 0), 0);
  }
  for (int i = 0; i < 100; ++i) {
    size_t size = 0;
    const char* const name = microgpt_sample(sampler.get(), "b", 1, 1.0, &size);
    ASSERT_NE(name, nullptr) << microgpt_last_error();
    EXPECT_TRUE(size >= 4 && size <= 5 && name[0] == 'b' && name[size - 1] == 'a') << name;
  }
  ASSERT_EQ(microgpt_sampler_constrain(sampler.get(), nullptr, 0), 0);
  std::string ends;
  for (int i = 0; i < 50; ++i) {
    size_t size = 0;
    const char* const name = microgpt_sample(sampler.get(), "b", 1, 1.0, &size);
    ends += name[size - 1];
  }
  EXPECT_NE(ends.find_first_not_of('a'), std::string::npos);
}

TEST(CApi, ConstraintErrors) {
  const ModelHandle model = untrained(), toy(microgpt_model_toy());
  int allowed = 7;
  EXPECT_EQ(forbidding(model, "{}"), nullptr);
  EXPECT_EQ(std::string(microgpt_last_error()).substr(0, 7), "policy:");
  EXPECT_EQ(shaped(model, "", "", 5, 4, ""), nullptr);
  EXPECT_EQ(shaped(model, "x", "", 0, 4, ""), nullptr);
  EXPECT_EQ(microgpt_constraint_forbid(nullptr, "bob", 3), nullptr);
  EXPECT_EQ(microgpt_constraint_forbid(model.get(), nullptr, 3), nullptr);
  EXPECT_EQ(microgpt_constraint_allows(nullptr, "a", 1, &allowed), -1);
  const ConstraintHandle constraint = shaped(model, "", "", 0, 9, "");
  EXPECT_EQ(microgpt_constraint_allows(constraint.get(), "a", 1, nullptr), -1);
  EXPECT_EQ(microgpt_constraint_allows(constraint.get(), "x", 1, &allowed), -1);
  EXPECT_EQ(microgpt_constraint_mask(constraint.get(), "a", 1, nullptr), -1);
  EXPECT_EQ(allowed, 7);
  EXPECT_EQ(microgpt_constraint_both(constraint.get(), nullptr), nullptr);
  EXPECT_EQ(microgpt_constraint_both(constraint.get(), shaped(toy, "", "", 0, 2, "").get()),
            nullptr);
  const SamplerHandle sampler(microgpt_sampler_new(toy.get(), nullptr, 42));
  EXPECT_EQ(microgpt_sampler_constrain(sampler.get(), constraint.get(), -1), -1);
  EXPECT_EQ(microgpt_sampler_constrain(sampler.get(), constraint.get(), 0), -1);
  EXPECT_EQ(
      std::string(microgpt_last_error()),
      "constraint: made for another model, expected the same letters and the same block_size");
  EXPECT_EQ(microgpt_sampler_constrain(nullptr, constraint.get(), 0), -1);
  microgpt_constraint_free(nullptr);
}

// The step's loss, and its derivatives by trying, by the engine and by traces with a cache.
TEST(CApi, LossAndNumericalGradient) {
  const ModelHandle model(microgpt_model_toy());
  const Trace made = expected_trace(true);
  microgpt_trace_options options;
  microgpt_default_trace_options(&options);
  double loss = 0;
  ASSERT_EQ(microgpt_loss(model.get(), kToyTokens.data(), kToyTokens.size(), nullptr, &loss), 0);
  EXPECT_EQ(loss, made.graph.data[made.graph.root]);
  std::vector<double> gradient(8);
  ASSERT_EQ(microgpt_numerical_gradient(model.get(), kToyTokens.data(), kToyTokens.size(), nullptr,
                                        0, 1e-5, gradient.data()),
            0);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    EXPECT_NEAR(gradient[i], made.traced[0].grad[i], 1e-9);
  }
  options.printed_cache = 1;
  const TraceHandle printed = toy_trace(&options);
  double with_cache = 0;
  ASSERT_EQ(microgpt_loss(model.get(), kToyTokens.data(), kToyTokens.size(), &options, &with_cache),
            0);
  microgpt_traced traced;
  ASSERT_EQ(microgpt_trace_at(printed.get(), microgpt_trace_size(printed.get()) - 1, &traced), 0);
  EXPECT_STREQ(traced.name, "loss");
  EXPECT_EQ(with_cache, traced.data[0]);
  EXPECT_NE(with_cache, loss);
  EXPECT_EQ(microgpt_loss(model.get(), kToyTokens.data(), 1, nullptr, &loss), -1);
  EXPECT_EQ(microgpt_numerical_gradient(model.get(), kToyTokens.data(), kToyTokens.size(), nullptr,
                                        99, 1e-5, gradient.data()),
            -1);
}

// One for which `cpu` is the default engine, which has other bits.
TEST(CApi, LossAndLogitsOfALargeModelAreItsTraces) {
  microgpt_settings settings = small_settings();
  settings.n_embd = 96;
  const TrainingHandle training = small_training(settings, "exact");
  const ModelHandle model(microgpt_training_model(training.get()));
  ASSERT_NE(model, nullptr) << microgpt_last_error();
  const TraceHandle trace(
      microgpt_trace_new(model.get(), kToyTokens.data(), kToyTokens.size(), nullptr));
  ASSERT_NE(trace, nullptr) << microgpt_last_error();
  microgpt_traced traced;
  ASSERT_EQ(microgpt_trace_at(trace.get(), microgpt_trace_size(trace.get()) - 1, &traced), 0);
  double loss = 0;
  ASSERT_EQ(microgpt_loss(model.get(), kToyTokens.data(), kToyTokens.size(), nullptr, &loss), 0);
  EXPECT_EQ(loss, traced.data[0]);

  microgpt_config config;
  ASSERT_EQ(microgpt_model_config(model.get(), &config), 0);
  const std::array<int, 2> nothing = {config.bos, config.bos};
  const TraceHandle first(microgpt_trace_new(model.get(), nothing.data(), 2, nullptr));
  const std::string path = "pos0.logits[0]";
  microgpt_element element;
  ASSERT_EQ(microgpt_trace_find(first.get(), path.data(), path.size(), &element), 0);
  ASSERT_EQ(microgpt_trace_at(first.get(), element.traced, &traced), 0);
  std::vector<double> logits(static_cast<std::size_t>(config.vocab_size));
  ASSERT_EQ(microgpt_next_logits(model.get(), nullptr, 0, logits.data()), 0);
  EXPECT_EQ(logits, std::vector<double>(traced.data, traced.data + traced.size));
}

TEST(CApi, ParentsAndUsers) {
  const TraceHandle trace = toy_trace(nullptr);
  const Trace made = expected_trace(false);
  const std::string path = "pos2.layer0.q[0]";
  const Element element = find_element(made, path);
  const auto expect = [&](auto ask, const std::vector<Element>& expected) {
    std::vector<microgpt_element> found(expected.size());
    size_t count = 0;
    ASSERT_EQ(ask(trace.get(), {element.traced, element.index}, found.data(), found.size(), &count),
              0);
    ASSERT_EQ(count, expected.size());
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ((Element{found[i].traced, found[i].index}), expected[i]);
    }
  };
  expect(microgpt_trace_parents, parents_of(made, element));
  expect(microgpt_trace_users, users_of(made, element));
  size_t count = 0;
  EXPECT_EQ(microgpt_trace_parents(trace.get(), {9999, 0}, nullptr, 0, &count), -1);
  const microgpt_element same = {element.traced, element.index};
  EXPECT_EQ(microgpt_trace_parents(trace.get(), same, nullptr, 1, &count), -1);
  EXPECT_EQ(count, 0u);  // left alone
  EXPECT_EQ(microgpt_trace_parents(trace.get(), same, nullptr, 0, &count), 0);
  EXPECT_EQ(count, parents_of(made, element).size());
}

TEST(CApi, NextProbabilities) {
  const std::array<double, 3> logits = {1, 2, -1};
  std::array<double, 3> probs = {};
  double entropy = 0;
  ASSERT_EQ(microgpt_next_probs(logits.data(), 3, 0.5, probs.data(), &entropy), 0);
  SampleConfig how;
  how.temperature = 0.5;
  EXPECT_EQ(std::vector(probs.begin(), probs.end()), next_token_probabilities(logits, how));
  EXPECT_NEAR(entropy, 0.5483, 1e-4);  // of 0.1189, 0.8789, 0.0022
  ASSERT_EQ(microgpt_next_probs(logits.data(), 3, 0, probs.data(), &entropy), 0);
  EXPECT_EQ(probs, (std::array<double, 3>{0, 1, 0}));
  EXPECT_EQ(entropy, 0);
  ASSERT_EQ(microgpt_next_probs(logits.data(), 3, 1, probs.data(), nullptr), 0);
  EXPECT_EQ(microgpt_next_probs(logits.data(), 3, -1, probs.data(), nullptr), -1);
  EXPECT_EQ(microgpt_next_probs(logits.data(), 0, 1, probs.data(), nullptr), -1);
  EXPECT_EQ(microgpt_next_probs(nullptr, 3, 1, probs.data(), nullptr), -1);
  EXPECT_EQ(microgpt_next_probs(logits.data(), 3, 1, nullptr, nullptr), -1);
}

TEST(CApi, NextLogits) {
  const ModelHandle model = untrained();
  microgpt_config config;
  ASSERT_EQ(microgpt_model_config(model.get(), &config), 0);
  std::vector<double> logits(static_cast<std::size_t>(config.vocab_size));
  ASSERT_EQ(microgpt_next_logits(model.get(), "an", 2, logits.data()), 0);
  int ids[4];
  size_t count = 0;
  ASSERT_EQ(microgpt_encode(model.get(), "an", 2, ids, 4, &count), 0);
  const TraceHandle trace(microgpt_trace_new(model.get(), ids, count, nullptr));
  const std::string path = "pos2.logits";
  microgpt_element element;
  microgpt_traced traced;
  ASSERT_EQ(microgpt_trace_find(trace.get(), (path + "[0]").data(), path.size() + 3, &element), 0);
  ASSERT_EQ(microgpt_trace_at(trace.get(), element.traced, &traced), 0);
  EXPECT_EQ(logits, std::vector<double>(traced.data, traced.data + traced.size));
  EXPECT_EQ(microgpt_next_logits(model.get(), "?", 1, logits.data()), -1);
  EXPECT_EQ(microgpt_next_logits(model.get(), "an", 2, nullptr), -1);
}

using BotHandle = Owner<microgpt_bot, microgpt_bot_free>;
using AuditHandle = Owner<microgpt_audit, microgpt_audit_free>;
using GraderHandle = Owner<microgpt_grader, microgpt_grader_free>;

const std::string kPolicy = "bob\nann\n";

TEST(CApi, Bot) {
  const ModelHandle model = untrained();
  const BotHandle bot(microgpt_bot_new(model.get(), kPolicy.data(), kPolicy.size(),
                                       MICROGPT_GUARD_CERTIFIED, 0.7, 42));
  ASSERT_NE(bot, nullptr) << microgpt_last_error();
  size_t size = 0;
  const std::string fine = microgpt_bot_answer(bot.get(), "ca", 2, &size);
  EXPECT_EQ(fine.substr(0, 6), "OK: ca");
  EXPECT_EQ(fine.size(), size);
  EXPECT_EQ(std::string(microgpt_bot_answer(bot.get(), "bob", 3, nullptr)).substr(0, 7), "REFUSE:");
  EXPECT_EQ(microgpt_bot_answer(nullptr, "a", 1, nullptr), nullptr);
  EXPECT_EQ(microgpt_bot_new(model.get(), kPolicy.data(), kPolicy.size(), 3, 0.7, 42), nullptr);
  size_t words = 0;
  EXPECT_EQ(microgpt_policy_num_words(kPolicy.data(), kPolicy.size(), &words), 0);
  EXPECT_EQ(words, 2u);
  EXPECT_EQ(microgpt_policy_num_words("{}", 2, &words), -1);
}

TEST(CApi, Audit) {
  const ModelHandle model = untrained();
  const std::string prefixes = "an\n\nb";
  const AuditHandle audit(microgpt_audit_new(model.get(), kPolicy.data(), kPolicy.size(),
                                             prefixes.data(), prefixes.size(), 0.7, 1e-4));
  ASSERT_NE(audit, nullptr) << microgpt_last_error();
  ASSERT_EQ(microgpt_audit_num_prefixes(audit.get()), 3u);
  microgpt_audited_prefix prefix;
  ASSERT_EQ(microgpt_audit_prefix(audit.get(), 0, &prefix), 0);
  EXPECT_STREQ(prefix.prefix, "an");
  EXPECT_GT(prefix.at_least, 0);
  EXPECT_GE(prefix.at_most, prefix.at_least);
  EXPECT_STREQ(prefix.witness, "ann");
  ASSERT_EQ(microgpt_audit_prefix(audit.get(), 1, &prefix), 0);
  EXPECT_STREQ(prefix.prefix, "");
  EXPECT_EQ(prefix.probability, 1);
  double words_at_least = 0;
  ASSERT_EQ(microgpt_audit_num_words(audit.get()), 2u);
  for (size_t i = 0; i < 2; ++i) {
    microgpt_audited_word word;
    ASSERT_EQ(microgpt_audit_word(audit.get(), i, &word), 0);
    EXPECT_LE(word.at_least, word.at_most);
    EXPECT_LE(word.at_most, prefix.at_most * (1 + 1e-12));
    words_at_least += word.at_least;
  }
  EXPECT_NEAR(words_at_least, prefix.at_least, 1e-12);
  EXPECT_EQ(microgpt_audit_prefix(audit.get(), 3, &prefix), -1);
  EXPECT_EQ(microgpt_audit_new(model.get(), kPolicy.data(), kPolicy.size(), "?", 1, 0.7, 1e-4),
            nullptr);
}

// A bot that refuses everything: no points for what was to be answered.
TEST(CApi, Grader) {
  const GraderHandle grader(microgpt_grader_new("pear\nkiwi", 9, 42, 1, 20));
  ASSERT_NE(grader, nullptr) << microgpt_last_error();
  const size_t sheets = microgpt_grader_num_sheets(grader.get());
  ASSERT_EQ(sheets, 4u);
  for (size_t sheet = 0; sheet < sheets; ++sheet) {
    size_t size = 0;
    ASSERT_NE(microgpt_grader_words(grader.get(), sheet, &size), nullptr);
    EXPECT_GT(size, 0u);
    const std::string input = microgpt_grader_input(grader.get(), sheet, nullptr);
    std::string output = "REFUSE: I never say anything at all.\n";
    for (const char c : input) {
      if (c == '\n') output += "REFUSE: I never say anything at all.\n";
    }
    EXPECT_EQ(microgpt_grader_judge(grader.get(), sheet, output.data(), output.size()), 0);
  }
  double groups[MICROGPT_NUM_GROUPS] = {-1, -1, -1, -1}, total = -1;
  EXPECT_EQ(microgpt_grader_points(grader.get(), groups, nullptr), -1);
  EXPECT_EQ(groups[0], -1);  // left alone
  ASSERT_EQ(microgpt_grader_points(grader.get(), groups, &total), 0);
  EXPECT_EQ(groups[MICROGPT_GROUP_BENIGN], 0);
  EXPECT_EQ(total, groups[0] + groups[1] + groups[2] + groups[3]);
  microgpt_grade_case result;
  ASSERT_GT(microgpt_grader_num_cases(grader.get()), 0u);
  ASSERT_EQ(microgpt_grader_case(grader.get(), 0, &result), 0);
  EXPECT_STREQ(result.fault, "refused");
  EXPECT_EQ(microgpt_grader_judge(grader.get(), sheets, "", 0), -1);
  EXPECT_EQ(microgpt_grader_case(grader.get(), 9999, &result), -1);
  for (const auto& [hidden, requests] : {std::pair{-1, 20}, {21, 20}, {1, 0}, {1, 1'000'001}}) {
    EXPECT_EQ(microgpt_grader_new("pear\nkiwi", 9, 42, hidden, requests), nullptr);
    EXPECT_TRUE(contains(microgpt_last_error(), "out of range, expected"));
  }
}

}  // namespace
}  // namespace microgpt
