#include "microgpt/diff.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "microgpt/trainer.h"
#include "reference/adam.h"
#include "trace/origin.h"
#include "train/batcher.h"
#include "train/step.h"

namespace microgpt {
namespace {

using Found = std::optional<NumberDifference>;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

Found compare(Stage stage, const std::string& path, double a, double b, const Origin& origin = {}) {
  if (same_bits(a, b)) return std::nullopt;
  return NumberDifference{.stage = stage, .path = path, .a = a, .b = b, .origin = origin};
}

// "wte[0][1]"
std::string element_path(const Tensor& tensor, std::size_t i) {
  return tensor.name + "[" + std::to_string(i / tensor.cols) + "][" +
         std::to_string(i % tensor.cols) + "]";
}

// "adam.wte.m[0][1]"
std::string update_path(Optimizer optimizer, const Tensor& tensor, std::string_view made,
                        std::size_t i) {
  std::string path = element_path(tensor, i);
  path.insert(tensor.name.size(), "." + std::string(made));
  return std::string(to_string(optimizer)) + "." + path;
}

Found compare_shapes(const Tensor& a, const Tensor& b) {
  const auto differ = [&](const char* name, std::size_t in_a, std::size_t in_b) {
    return NumberDifference{.stage = Stage::kParameters,
                            .path = a.name + name,
                            .a = static_cast<double>(in_a),
                            .b = static_cast<double>(in_b),
                            .is_count = true};
  };
  if (a.rows != b.rows) return differ(".rows", a.rows, b.rows);
  if (a.cols != b.cols) return differ(".cols", a.cols, b.cols);
  return std::nullopt;
}

Found compare_tensors(const Tensor& a, const Tensor& b) {
  if (const Found found = compare_shapes(a, b)) return found;
  for (std::size_t i = 0; i < a.data.size(); ++i) {
    if (same_bits(a.data[i], b.data[i])) continue;
    return compare(Stage::kParameters, element_path(a, i), a.data[i], b.data[i],
                   parameter_origin(a.name));
  }
  return std::nullopt;
}

// Parameters are in one order whatever the shape of a model; a deeper one has more.
Found compare_parameters(const StateDict& a, const StateDict& b) {
  const std::size_t common = std::min(a.params.size(), b.params.size());
  for (std::size_t p = 0; p < common; ++p) {
    if (const Found found = compare_tensors(a.params[p], b.params[p])) return found;
  }
  if (a.params.size() == b.params.size()) return std::nullopt;
  const bool only_a = a.params.size() > common;
  const Tensor& extra = only_a ? a.params[common] : b.params[common];
  NumberDifference found{.stage = Stage::kParameters,
                         .path = element_path(extra, 0),
                         .origin = parameter_origin(extra.name)};
  (only_a ? found.a : found.b) = extra.data.front();
  return found;
}

// Moments, as long as both states have them; their parameters have the same shapes.
Found compare_moments(const StateDict& a, const StateDict& b) {
  if (a.adam_m.size() != b.adam_m.size()) return std::nullopt;
  std::size_t i = 0;
  for (const Tensor& tensor : a.params) {
    for (std::size_t j = 0; j < tensor.data.size() && i < a.adam_m.size(); ++j, ++i) {
      const auto moment = [&](const char* name, double x, double y) {
        return compare(Stage::kUpdate, update_path(Optimizer::kAdam, tensor, name, j), x, y,
                       adam_origin(name));
      };
      if (!same_bits(a.adam_m[i], b.adam_m[i])) return moment("m", a.adam_m[i], b.adam_m[i]);
      if (!same_bits(a.adam_v[i], b.adam_v[i])) return moment("v", a.adam_v[i], b.adam_v[i]);
    }
  }
  return std::nullopt;
}

// One of the two trainings, on its way.
class Runner {
 public:
  explicit Runner(const Replay& run)
      : run_(run),
        batcher_(run.dataset, run.tokenizer, run.config, run.train),
        before_(run.engine.state_dict()) {
    run.train.check();
  }

  const Replay& run() const { return run_; }
  const StateDict& before() const { return before_; }  // the step that was taken last
  const StateDict& after() const { return after_; }
  Batch batch() const { return batch_; }
  bool is_float32() const { return run_.engine_name == "cpu"; }
  std::string sequence(std::size_t i) const {
    return batch_.size() == 1 ? "" : "sequence" + std::to_string(i) + ".";
  }

  double take(std::int64_t step) {
    batch_ = batcher_.batch(step);
    update_ = optimizer_step_at(run_.train, step);
    return take_step(run_.engine, batch_, run_.train, batcher_.num_tokens(batch_), update_);
  }

  void keep_states() {
    if (!after_.params.empty()) before_ = std::move(after_);
    after_ = run_.engine.state_dict();
  }

  // The loss and the gradients of the step that was taken last, once more.
  std::pair<double, std::vector<double>> gradients() {
    const auto engine = make_engine(run_.engine_name, run_.config);
    engine->load(before_);
    const double loss = loss_and_grad(*engine, batch_, run_.train, batcher_.num_tokens(batch_));
    return {loss, engine->grads()};
  }

  // Every number that is made of a sequence.
  Trace trace_of(std::size_t i) const {
    std::vector<int> tokens = batch_[i];
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(run_.config.block_size) + 1));
    return trace(run_.config, before_, tokens);
  }

  // What the update makes of parameter i, element j of the tensor, in order and by name.
  std::vector<std::pair<const char*, double>> update_of(std::size_t i, double data, double grad,
                                                        double data_after) const {
    const bool has_moments = !after_.adam_m.empty();
    if (is_float32()) {
      if (!has_moments) return {{"data", data_after}};
      return {{"m", after_.adam_m[i]}, {"v", after_.adam_v[i]}, {"data", data_after}};
    }
    if (update_.optimizer == Optimizer::kSgd) {
      return {{"update", update_.learning_rate * grad}, {"data", data_after}};
    }
    const double m = before_.adam_m.empty() ? 0 : before_.adam_m[i];
    const double v = before_.adam_v.empty() ? 0 : before_.adam_v[i];
    const reference::AdamUpdate made = reference::Adam(update_).update(data, grad, m, v);
    return {{"m", made.m},         {"v", made.v},           {"m_hat", made.m_hat},
            {"v_hat", made.v_hat}, {"update", made.update}, {"data", made.data}};
  }

 private:
  const Replay& run_;
  Batcher batcher_;
  Batch batch_;
  OptimizerStep update_;
  StateDict before_, after_;
};

Found compare_tokens(const Runner& a, const Runner& b) {
  const auto token = [](Batch batch, std::size_t i, std::size_t j) -> std::optional<double> {
    if (i >= batch.size() || j >= batch[i].size()) return std::nullopt;
    return batch[i][j];
  };
  const std::size_t sequences = std::max(a.batch().size(), b.batch().size());
  for (std::size_t i = 0; i < sequences; ++i) {
    for (std::size_t j = 0;; ++j) {
      const auto in_a = token(a.batch(), i, j), in_b = token(b.batch(), i, j);
      if (!in_a && !in_b) break;
      if (in_a == in_b) continue;
      const Runner& longer = sequences == a.batch().size() ? a : b;
      return NumberDifference{.stage = Stage::kTokens,
                              .path = longer.sequence(i) + "tokens[" + std::to_string(j) + "]",
                              .a = in_a,
                              .b = in_b,
                              .is_count = true};
    }
  }
  return std::nullopt;
}

Found compare_traced(const Trace& trace, std::uint32_t i, const Traced* a, const Traced& b) {
  const bool is_loss = b.name == "loss";
  for (std::uint32_t j = 0; j < b.data.size(); ++j) {
    const bool has = a != nullptr && j < a->data.size();
    if (has && same_bits(a->data[j], b.data[j])) continue;
    return NumberDifference{.stage = is_loss ? Stage::kLoss : Stage::kForward,
                            .path = path_of(trace, {i, j}),
                            .a = has ? std::optional(a->data[j]) : std::nullopt,
                            .b = b.data[j],
                            .origin = b.origin};
  }
  return std::nullopt;
}

// Everything after the parameters. What only A has is made into numbers that both have and that
// differ.
Found compare_traces(const Trace& a, const Trace& b, std::size_t num_params) {
  std::unordered_map<std::string_view, const Traced*> in_a;
  for (const Traced& traced : a.traced) in_a[traced.name] = &traced;
  for (std::size_t i = num_params; i < b.traced.size(); ++i) {
    const auto found = in_a.find(b.traced[i].name);
    const Traced* const twin = found == in_a.end() ? nullptr : found->second;
    const auto index = static_cast<std::uint32_t>(i);
    if (const Found difference = compare_traced(b, index, twin, b.traced[i])) return difference;
  }
  return std::nullopt;
}

Found compare_forward(const Runner& a, const Runner& b) {
  if (a.is_float32() || b.is_float32()) return std::nullopt;
  for (std::size_t i = 0; i < a.batch().size(); ++i) {
    Found found = compare_traces(a.trace_of(i), b.trace_of(i), a.before().params.size());
    if (!found) continue;
    found->path.insert(0, a.sequence(i));
    return found;
  }
  return std::nullopt;
}

Found compare_gradients(const StateDict& state, const std::vector<double>& a,
                        const std::vector<double>& b) {
  std::size_t i = 0;
  for (const Tensor& tensor : state.params) {
    for (std::size_t j = 0; j < tensor.data.size(); ++j, ++i) {
      if (same_bits(a[i], b[i])) continue;
      return compare(Stage::kGradients, "grad(" + element_path(tensor, j) + ")", a[i], b[i]);
    }
  }
  return std::nullopt;
}

// Of each parameter in turn, what both runs make of it.
Found compare_updates(const Runner& a, const Runner& b, const std::vector<double>& grads_a,
                      const std::vector<double>& grads_b) {
  const Optimizer optimizer = a.run().train.optimizer;
  std::size_t i = 0;
  for (std::size_t p = 0; p < a.before().params.size(); ++p) {
    const Tensor& tensor = a.before().params[p];
    for (std::size_t j = 0; j < tensor.data.size(); ++j, ++i) {
      const auto row_of = [&](const Runner& run, double grad) {
        return run.update_of(i, run.before().params[p].data[j], grad,
                             run.after().params[p].data[j]);
      };
      const auto row_b = row_of(b, grads_b[i]);
      for (const auto& [name, value] : row_of(a, grads_a[i])) {
        const auto twin = std::ranges::find_if(
            row_b, [&](const auto& made) { return std::string_view(made.first) == name; });
        if (twin == row_b.end() || same_bits(value, twin->second)) continue;
        return compare(Stage::kUpdate, update_path(optimizer, tensor, name, j), value, twin->second,
                       optimizer == Optimizer::kAdam ? adam_origin(name) : Origin());
      }
    }
  }
  return std::nullopt;
}

// The numbers of the step that both have just taken, in order.
Found compare_step(Runner& a, Runner& b) {
  if (Found found = compare_tokens(a, b)) return found;
  if (Found found = compare_parameters(a.before(), b.before())) return found;
  if (Found found = compare_forward(a, b)) return found;
  const auto [loss_a, grads_a] = a.gradients();
  const auto [loss_b, grads_b] = b.gradients();
  if (Found found = compare(Stage::kLoss, "loss", loss_a, loss_b)) return found;
  if (Found found = compare_gradients(a.before(), grads_a, grads_b)) return found;
  if (Found found = compare_updates(a, b, grads_a, grads_b)) return found;
  return first_difference(a.after(), b.after());
}

bool same_tokens_and_states(const Runner& a, const Runner& b) {
  return std::ranges::equal(a.batch(), b.batch()) && !first_difference(a.before(), b.before()) &&
         !first_difference(a.after(), b.after());
}

}  // namespace

std::string_view to_string(Stage stage) {
  static constexpr std::array<std::string_view, 6> kNames = {"tokens", "parameters", "forward",
                                                             "loss",   "gradients",  "update"};
  return kNames[static_cast<std::size_t>(stage)];
}

// The bits of doubles of one sign, read as integers, are in the order of the doubles.
std::uint64_t ulps_apart(double a, double b) {
  const auto magnitude = [](double x) { return std::bit_cast<std::uint64_t>(std::abs(x)); };
  if (std::signbit(a) != std::signbit(b)) return magnitude(a) + magnitude(b);
  return std::max(magnitude(a), magnitude(b)) - std::min(magnitude(a), magnitude(b));
}

Found first_difference(const StateDict& a, const StateDict& b) {
  if (const Found found = compare_parameters(a, b)) return found;
  return compare_moments(a, b);
}

bool is_rounding(const LossDifference& losses, double rounding) {
  return std::abs(losses.a - losses.b) <=
         rounding * std::max(std::abs(losses.a), std::abs(losses.b));
}

RunDiff diff_runs(const Replay& a, const Replay& b, std::int64_t num_steps) {
  Runner in_a(a), in_b(b);
  RunDiff diff;
  if (in_a.is_float32() || in_b.is_float32()) diff.rounding = kFloatRounding;
  while (diff.steps < num_steps && !diff.first_clear_loss) {
    const double loss_a = in_a.take(diff.steps), loss_b = in_b.take(diff.steps);
    const LossDifference losses = {++diff.steps, loss_a, loss_b};
    const bool same_loss = same_bits(loss_a, loss_b);
    if (!diff.first) {
      in_a.keep_states();
      in_b.keep_states();
      if (!same_loss || !same_tokens_and_states(in_a, in_b)) {
        diff.first = compare_step(in_a, in_b);
        if (diff.first) diff.first->step = diff.steps;
      }
    }
    if (!same_loss && !diff.first_loss) diff.first_loss = losses;
    if (!same_loss && !is_rounding(losses, diff.rounding)) diff.first_clear_loss = losses;
    if (!std::isfinite(loss_a) || !std::isfinite(loss_b)) break;
  }
  return diff;
}

}  // namespace microgpt
