#include "microgpt/trace.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/memory.h"
#include "graph/tape_graph.h"
#include "microgpt/error.h"
#include "model/engine_input.h"
#include "reference/adam.h"
#include "reference/gpt.h"
#include "reference/number.h"
#include "reference/reference_engine.h"
#include "reference/value.h"
#include "reference/weights.h"
#include "trace/named_below.h"
#include "trace/origin.h"
#include "trace/recorder.h"

namespace microgpt {
namespace {

using reference::Cache;
using reference::Number;
using reference::Tape;
using reference::Value;
using reference::Vector;
using reference::Weights;

constexpr int kMaxDecimals = 15;
constexpr double kTraceFactor = 4;  // the graph in columns, and names, beside the tape

void check_cache(const Config& config, const GivenCache& cache, std::size_t predicted) {
  const auto fits = [&](const auto& layers, std::size_t positions) {
    return layers.size() == static_cast<std::size_t>(config.n_layer) &&
           std::ranges::all_of(layers, [&](const auto& rows) {
             return rows.size() == positions && std::ranges::all_of(rows, [&](const auto& row) {
                      return row.size() == static_cast<std::size_t>(config.n_embd);
                    });
           });
  };
  const std::size_t given = cache.keys.empty() ? 0 : cache.keys.front().size();
  if (!fits(cache.keys, given) || !fits(cache.values, given)) {
    throw Error(
        "trace: the cache given has another shape than the model, expected n_layer x positions x "
        "n_embd numbers");
  }
  if (given >= predicted) {
    throw Error("trace: the cache given holds " + std::to_string(given) +
                " positions, expected fewer than the text's " + std::to_string(predicted) +
                "; use a longer text");
  }
}

void check_step(const OptimizerStep& step) {
  if (step.optimizer != Optimizer::kAdam) throw Error("trace: the update is Adam's, got sgd");
  constexpr std::int64_t kMaxStep = std::int64_t{1} << 53;  // doubles count so far
  if (step.step < 0 || step.step >= kMaxStep) {
    throw Error("trace: step: expected 0 to below 2^53, got " + std::to_string(step.step));
  }
  TrainConfig train;
  train.learning_rate = step.learning_rate;
  train.beta1 = step.beta1;
  train.beta2 = step.beta2;
  train.eps_adam = step.eps_adam;
  train.check();
}

void check_input(const Config& config, const StateDict& state, std::span<const int> tokens,
                 const TraceOptions& options) {
  config.check();
  config.check_whole("trace");
  check_state_dict(state, config, "trace");
  const std::vector<int> document(tokens.begin(), tokens.end());
  check_batch(config, {&document, 1});
  const auto most = static_cast<std::size_t>(config.block_size) + 1;
  if (tokens.size() > most) {
    throw Error("trace: the text makes " + std::to_string(tokens.size()) +
                " tokens with BOS on both sides, expected at most " + std::to_string(most) +
                ", one more than block_size; use a shorter text");
  }
  if (options.round && (*options.round < 0 || *options.round > kMaxDecimals)) {
    throw Error("trace: expected 0 to 15 decimals to round to, got " +
                std::to_string(*options.round));
  }
  if (options.step) check_step(*options.step);
  if (options.cache) check_cache(config, *options.cache, tokens.size() - 1);
  check_memory("trace: the graph",
               kTraceFactor * (reference::graph_bytes(config, tokens.size()) +
                               100.0 * static_cast<double>(config.num_params())));
}

// A trace being made.
class Tracer {
 public:
  Tracer(const Config& config, const StateDict& state, const TraceOptions& options)
      : config_(config), options_(options), recorder_(tape_, options.round) {
    std::vector<double> params = flatten(state);
    weights_ = reference::read_weights<Value>(config,
                                              [&](std::size_t i) { return tape_.leaf(params[i]); });
    std::uint32_t node = 0;
    for (const Tensor& tensor : state.params) {
      std::vector<std::uint32_t> nodes(tensor.rows * tensor.cols);
      for (std::uint32_t& n : nodes) n = node++;
      recorder_.record(tensor.name, {tensor.rows, tensor.cols}, std::move(nodes),
                       parameter_origin(tensor.name));
    }
  }

  Trace run(const StateDict& state, std::span<const int> tokens) {
    Cache<Value> keys(weights_.layers.size()), values(weights_.layers.size());
    if (options_.cache) give(*options_.cache, keys, values);
    const std::size_t first_pos = keys.front().size();
    const Value loss = forward(tokens, keys, values);
    const bool has_grads = options_.backward || options_.step;
    if (has_grads) loss.backward();
    Trace trace;
    trace.config = config_;
    trace.tokens.assign(tokens.begin(), tokens.end());
    trace.first_pos = first_pos;
    trace.has_grads = has_grads;
    trace.round = options_.round;
    trace.traced = recorder_.take_traced();
    trace.graph = graph_of(tape_, loss.node());
    trace.names = recorder_.take_names(tape_.size());
    fill_in(trace);
    if (options_.step) append_adam(trace, state);
    return trace;
  }

 private:
  void give(const GivenCache& cache, Cache<Value>& keys, Cache<Value>& values) {
    for (std::size_t pos = 0; pos < cache.keys.front().size(); ++pos) {
      for (std::size_t layer = 0; layer < cache.keys.size(); ++layer) {
        const std::string part = "pos" + std::to_string(pos) + ".layer" + std::to_string(layer);
        keys[layer].push_back(given(part + ".k", cache.keys[layer][pos]));
        values[layer].push_back(given(part + ".v", cache.values[layer][pos]));
      }
    }
  }

  Vector<Value> given(std::string name, const std::vector<double>& numbers) {
    Vector<Value> row;
    std::vector<std::uint32_t> nodes;
    for (const double x : numbers) {
      row.push_back(tape_.leaf(x));
      nodes.push_back(static_cast<std::uint32_t>(row.back().node()));
    }
    recorder_.record(std::move(name), {row.size()}, std::move(nodes), {"", 0, 0, "", "given"});
    return row;
  }

  Value forward(std::span<const int> tokens, Cache<Value>& keys, Cache<Value>& values) {
    const RecordingProbe probe(recorder_);
    Vector<Value> losses;
    for (std::size_t pos_id = keys.front().size(); pos_id + 1 < tokens.size(); ++pos_id) {
      losses.push_back(token_loss(config_, weights_, static_cast<std::size_t>(tokens[pos_id]),
                                  static_cast<std::size_t>(tokens[pos_id + 1]), pos_id, keys,
                                  values, probe.in("pos", pos_id)));
    }
    return mean_loss(losses, losses.size(), probe);
  }

  static void fill_in(Trace& trace);
  void append_adam(Trace& trace, const StateDict& state) const;

  Config config_;
  const TraceOptions& options_;
  Tape tape_;  // the parameters stand first, in order
  Recorder recorder_;
  Weights<Value> weights_;
};

void append_once(std::vector<std::uint32_t>& list, std::uint32_t item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(item);
}

void Tracer::fill_in(Trace& trace) {
  const bool squared = trace.config.activation == Activation::kReluSquared;
  for (std::uint32_t i = 0; i < trace.traced.size(); ++i) {
    Traced& traced = trace.traced[i];
    if (squared && traced.name.ends_with(".mlp_act")) traced.origin.formula = "relu(mlp_pre)**2";
    for (const std::uint32_t node : traced.nodes) {
      traced.data.push_back(trace.graph.data[node]);
      if (trace.has_grads) traced.grad.push_back(trace.graph.grad[node]);
      const std::uint32_t owner = trace.names[node].traced;
      if (owner != i) {
        append_once(traced.parents, owner);
        continue;
      }
      for_each_named_below(trace, node,
                           [&](Element parent) { append_once(traced.parents, parent.traced); });
    }
  }
}

void Tracer::append_adam(Trace& trace, const StateDict& state) const {
  trace.step = options_.step;
  trace.adam_m = state.adam_m;
  trace.adam_v = state.adam_v;
  const std::size_t num_params = config_.num_params();
  trace.adam_m.resize(num_params, 0.0);
  trace.adam_v.resize(num_params, 0.0);
  const reference::Adam adam(*options_.step);
  std::size_t i = 0;
  for (std::uint32_t p = 0; p < state.params.size(); ++p) {
    const auto first = static_cast<std::uint32_t>(trace.traced.size());
    const auto append = [&](const char* name, std::vector<std::uint32_t> parents) {
      trace.traced.push_back({"adam." + state.params[p].name + "." + name,
                              trace.traced[p].shape,
                              {},
                              {},
                              {},
                              std::move(parents),
                              adam_origin(name)});
    };
    append("m", {p});
    append("v", {p});
    append("m_hat", {first});
    append("v_hat", {first + 1});
    append("update", {first + 2, first + 3});
    append("data", {p, first + 4});
    for (std::size_t j = 0; j < trace.traced[p].data.size(); ++j, ++i) {
      const reference::AdamUpdate made = adam.update(
          trace.traced[p].data[j], trace.traced[p].grad[j], trace.adam_m[i], trace.adam_v[i]);
      const double numbers[] = {made.m, made.v, made.m_hat, made.v_hat, made.update, made.data};
      for (std::size_t k = 0; k < std::size(numbers); ++k) {
        trace.traced[first + k].data.push_back(numbers[k]);
      }
    }
  }
}

}  // namespace

Trace trace(const Config& config, const StateDict& state, std::span<const int> tokens,
            const TraceOptions& options) {
  check_input(config, state, tokens, options);
  return Tracer(config, state, options).run(state, tokens);
}

double loss_after(const GivenCache& cache, const Config& config, const StateDict& state,
                  std::span<const int> tokens) {
  TraceOptions options;
  options.cache = cache;
  check_input(config, state, tokens, options);
  const std::vector<double> params = flatten(state);
  const auto weights =
      reference::read_weights<Number>(config, [&](std::size_t i) { return Number(params[i]); });
  const auto numbers = [](const auto& layers) {
    Cache<Number> made;
    for (const auto& rows : layers) {
      auto& layer = made.emplace_back();
      for (const auto& row : rows) layer.emplace_back(row.begin(), row.end());
    }
    return made;
  };
  Cache<Number> keys = numbers(cache.keys);
  Cache<Number> values = numbers(cache.values);
  Vector<Number> losses;
  for (std::size_t pos_id = keys.front().size(); pos_id + 1 < tokens.size(); ++pos_id) {
    losses.push_back(
        reference::token_loss(config, weights, static_cast<std::size_t>(tokens[pos_id]),
                              static_cast<std::size_t>(tokens[pos_id + 1]), pos_id, keys, values));
  }
  return reference::mean_loss(losses, losses.size()).data();
}

}  // namespace microgpt
