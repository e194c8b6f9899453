// Traces for C.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "c_api/handles.h"
#include "microgpt/engine.h"
#include "microgpt/numerical_gradient.h"

using namespace microgpt;
using namespace microgpt::c_api;

struct microgpt_trace {
  explicit microgpt_trace(Trace made)
      : trace(std::move(made)), graph(trace.graph, trace.has_grads) {
    for (const Traced& traced : trace.traced) {
      formulas.emplace_back(traced.origin.formula);
      functions.emplace_back(traced.origin.python_function);
    }
  }

  Trace trace;
  microgpt_graph graph;                          // of the trace
  std::vector<std::string> formulas, functions;  // with a NUL at the end
  std::optional<FormulaWriter> writer = {};
  std::string text = {};
};

namespace {

static_assert(MICROGPT_FORMULA_NUMBERS == static_cast<int>(FormulaStyle::kNumbers));

GivenCache given_cache(const Config& config, const microgpt_trace_options& options) {
  const auto width = static_cast<std::size_t>(config.n_embd);
  const auto layers_of = [&](const double* numbers) {
    std::vector<std::vector<std::vector<double>>> layers(static_cast<std::size_t>(config.n_layer));
    for (auto& layer : layers) {
      for (std::size_t i = 0; i < options.num_given; ++i, numbers += width) {
        layer.emplace_back(numbers, numbers + width);
      }
    }
    return layers;
  };
  if (options.num_given > static_cast<std::size_t>(config.block_size)) {
    throw Error("num_given: more positions than block_size");
  }
  return {layers_of(&given(options.keys, "keys")), layers_of(&given(options.values, "values"))};
}

TraceOptions trace_options(const Config& config, const microgpt_trace_options& o) {
  TraceOptions options;
  options.backward = o.backward != 0;
  if (o.update != 0) {
    options.step = OptimizerStep{.optimizer = Optimizer::kAdam,
                                 .step = o.step,
                                 .learning_rate = o.learning_rate,
                                 .beta1 = o.beta1,
                                 .beta2 = o.beta2,
                                 .eps_adam = o.eps_adam,
                                 .edition = to_enum(o.edition, Edition::kFirst, "edition")};
  }
  if (o.round >= 0) options.round = o.round;
  if (o.printed_cache != 0) {
    options.cache = toy_printed_cache();
  } else if (o.num_given > 0) {
    options.cache = given_cache(config, o);
  }
  return options;
}

Element element_given(const Trace& trace, microgpt_element element) {
  check_index(element.traced, trace.traced.size(), "element.traced");
  check_index(element.index, trace.traced[element.traced].data.size(), "element.index");
  return {element.traced, element.index};
}

// What a formula asks of the writer: its value or gradient.
template <class Write>
const char* formula_of(microgpt_trace* trace, microgpt_element element, int style, int digits,
                       size_t* size, Write write) {
  return pointer_of([&] {
    microgpt_trace& t = given(trace, "trace");
    const Element number = element_given(t.trace, element);
    const auto how = to_enum(style, FormulaStyle::kNumbers, "style");
    if (digits < 1 || digits > 17) {
      throw Error("digits: expected 1 to 17, got " + std::to_string(digits));
    }
    if (!t.writer) t.writer.emplace(t.trace);
    t.text = write(*t.writer, number, how);
    return hand_out(t.text, size);
  });
}

void hand_out(const std::vector<Element>& elements, microgpt_element* out, size_t room,
              size_t* count) {
  size_t& written = given(count, "count");
  const std::size_t fit = std::min(room, elements.size());
  if (fit > 0) given(out, "elements");
  written = elements.size();
  for (std::size_t i = 0; i < fit; ++i) out[i] = {elements[i].traced, elements[i].index};
}

// The loss of a step, for parameters that may change between two calls.
class Loss {
 public:
  Loss(const Model& model, std::span<const int> tokens, const microgpt_trace_options* options)
      : config_(model.config), tokens_{{tokens.begin(), tokens.end()}} {
    if (options != nullptr) how_ = trace_options(config_, *options);
    how_.backward = false;
    how_.step.reset();
    if (how_.round || how_.cache) return;
    engine_ = make_engine("exact", config_);  // of any size: `cpu` has not the trace's bits
  }

  double operator()(const StateDict& state) {
    if (how_.cache && !how_.round) {
      return loss_after(*how_.cache, config_, state, tokens_.front());
    }
    if (!engine_) {
      const Trace made = trace(config_, state, tokens_.front(), how_);
      return made.graph.data[made.graph.root];
    }
    engine_->load(state);
    return engine_->loss_and_grad(tokens_);
  }

 private:
  Config config_;
  std::vector<std::vector<int>> tokens_;
  TraceOptions how_;
  std::unique_ptr<Engine> engine_;  // where it can do what the options ask for
};

}  // namespace

void microgpt_default_trace_options(microgpt_trace_options* options) {
  if (options == nullptr) return;
  const TrainConfig train = default_train_config(Edition::kFinal);
  *options = {};
  options->learning_rate = train.learning_rate;
  options->beta1 = train.beta1;
  options->beta2 = train.beta2;
  options->eps_adam = train.eps_adam;
  options->round = -1;
}

microgpt_trace* microgpt_trace_new(const microgpt_model* model, const int* tokens,
                                   size_t num_tokens, const microgpt_trace_options* options) {
  return pointer_of([&] {
    const Model& m = given(model, "model").model;
    const std::span<const int> document(&given(tokens, "tokens"), num_tokens);
    const TraceOptions how =
        options == nullptr ? TraceOptions() : trace_options(m.config, *options);
    return new microgpt_trace(trace(m.config, m.state, document, how));
  });
}

void microgpt_trace_free(microgpt_trace* trace) { delete trace; }

size_t microgpt_trace_size(const microgpt_trace* trace) {
  return trace == nullptr ? 0 : trace->trace.traced.size();
}

int microgpt_trace_at(microgpt_trace* trace, size_t i, microgpt_traced* traced) {
  return status_of([&] {
    microgpt_trace& t = given(trace, "trace");
    microgpt_traced& out = given(traced, "traced");
    check_index(i, t.trace.traced.size(), "traced");
    Traced& made = t.trace.traced[i];
    const bool has_grads = t.graph.has_grads && !made.nodes.empty();
    made.grad.resize(has_grads ? made.nodes.size() : 0);
    std::transform(made.nodes.begin(), made.nodes.begin() + std::ssize(made.grad),
                   made.grad.begin(), [&](std::uint32_t node) { return t.graph.graph.grad[node]; });
    const auto column = [](const auto& numbers) {
      return numbers.empty() ? nullptr : numbers.data();
    };
    out = {.name = made.name.c_str(),
           .shape = made.shape.data(),
           .num_dims = made.shape.size(),
           .size = made.data.size(),
           .data = made.data.data(),
           .grad = column(made.grad),
           .nodes = column(made.nodes),
           .parents = made.parents.data(),
           .num_parents = made.parents.size(),
           .formula = t.formulas[i].c_str(),
           .file = made.origin.file.c_str(),
           .line = made.origin.line,
           .python_line = made.origin.python_line,
           .python_function = t.functions[i].c_str()};
  });
}

int microgpt_trace_find(const microgpt_trace* trace, const char* path, size_t size,
                        microgpt_element* element) {
  return status_of([&] {
    const Element found = find_element(given(trace, "trace").trace, text_given(path, size, "path"));
    given(element, "element") = {found.traced, found.index};
  });
}

const char* microgpt_trace_path(microgpt_trace* trace, microgpt_element element, size_t* size) {
  return pointer_of([&] {
    microgpt_trace& t = given(trace, "trace");
    t.text = path_of(t.trace, element_given(t.trace, element));
    return hand_out(t.text, size);
  });
}

int microgpt_trace_parents(const microgpt_trace* trace, microgpt_element element,
                           microgpt_element* parents, size_t room, size_t* count) {
  return status_of([&] {
    const Trace& t = given(trace, "trace").trace;
    hand_out(parents_of(t, element_given(t, element)), parents, room, count);
  });
}

int microgpt_trace_users(const microgpt_trace* trace, microgpt_element element,
                         microgpt_element* users, size_t room, size_t* count) {
  return status_of([&] {
    const Trace& t = given(trace, "trace").trace;
    hand_out(users_of(t, element_given(t, element)), users, room, count);
  });
}

int microgpt_trace_name_of(const microgpt_trace* trace, uint32_t node, microgpt_element* element) {
  return status_of([&] {
    const Trace& t = given(trace, "trace").trace;
    check_index(node, t.names.size(), "node");
    const Element name = t.names[node];
    if (name == kUnnamed) throw Error("node " + std::to_string(node) + ": has no name of its own");
    given(element, "element") = {name.traced, name.index};
  });
}

const char* microgpt_trace_formula(microgpt_trace* trace, microgpt_element element, int style,
                                   int digits, size_t* size) {
  return formula_of(trace, element, style, digits, size,
                    [&](const FormulaWriter& writer, Element number, FormulaStyle how) {
                      return writer.value(number, how, digits);
                    });
}

const char* microgpt_trace_gradient_formula(microgpt_trace* trace, microgpt_element element,
                                            int style, int digits, size_t* size) {
  return formula_of(trace, element, style, digits, size,
                    [&](const FormulaWriter& writer, Element number, FormulaStyle how) {
                      if (trace->graph.turns < trace->graph.order.size()) return std::string();
                      return writer.gradient(number, how, digits);
                    });
}

microgpt_graph* microgpt_trace_graph(microgpt_trace* trace) {
  return pointer_of([&] { return &given(trace, "trace").graph; });
}

int microgpt_loss(const microgpt_model* model, const int* tokens, size_t num_tokens,
                  const microgpt_trace_options* options, double* loss) {
  return status_of([&] {
    const Model& m = given(model, "model").model;
    const std::span<const int> document(&given(tokens, "tokens"), num_tokens);
    given(loss, "loss") = Loss(m, document, options)(m.state);
  });
}

int microgpt_numerical_gradient(const microgpt_model* model, const int* tokens, size_t num_tokens,
                                const microgpt_trace_options* options, size_t i, double eps,
                                double* gradient) {
  return status_of([&] {
    const Model& m = given(model, "model").model;
    const std::span<const int> document(&given(tokens, "tokens"), num_tokens);
    double* const out = &given(gradient, "gradient");
    check_index(i, m.state.params.size(), "parameter");
    Loss loss(m, document, options);
    StateDict state = m.state;
    const auto loss_at = [&](const std::vector<double>& x) {
      state.params[i].data = x;
      return loss(state);
    };
    std::ranges::copy(numerical_gradient(loss_at, state.params[i].data, eps), out);
  });
}
