// Calls of c_api.h in any order, on any handle or none, as the bytes say. None of them crashes; who
// fails says why and leaves alone what it was to write; a text ends with a NUL where its size says.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "microgpt/c_api.h"

namespace {

// What decides: zeros after the end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : bytes_(reinterpret_cast<const char*>(data), size) {}

  bool ended() const { return at_ >= bytes_.size(); }
  int byte() { return ended() ? 0 : static_cast<unsigned char>(bytes_[at_++]); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(byte()) % n; }
  int up_to(int most) { return static_cast<int>(below(static_cast<std::size_t>(most) + 1)); }

  // As many of the next bytes as the next one says.
  std::string text(std::size_t most) {
    const std::size_t asked = below(most + 1), begin = at_;
    at_ = std::min(bytes_.size(), begin + asked);
    return bytes_.substr(begin, asked);
  }

  double number() {
    constexpr std::array kNumbers = {0.5,
                                     0.0,
                                     -1.0,
                                     1e-3,
                                     1e300,
                                     1e-300,
                                     std::numeric_limits<double>::infinity(),
                                     std::numeric_limits<double>::quiet_NaN()};
    return kNumbers[below(kNumbers.size())];
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

void check_error() { check(*microgpt_last_error() != '\0', "an error without a message"); }

bool succeeded(int status) {
  check(status == 0 || status == -1, "a status that is neither 0 nor -1");
  if (status == -1) check_error();
  return status == 0;
}

// A call that writes one value if it succeeds.
template <class T, class Call>
bool writes(T& value, Call call) {
  std::array<unsigned char, sizeof(T)> before;
  std::memcpy(before.data(), &value, sizeof value);
  if (succeeded(call(&value))) return true;
  check(std::memcmp(before.data(), &value, sizeof value) == 0, "an error that wrote something");
  return false;
}

// A call that hands a text out: it, or an empty one.
template <class Call>
std::string text_of(Call call) {
  std::size_t size = 0;
  const char* const text = call(&size);
  if (text == nullptr) {
    check_error();
    return "";
  }
  check(text[size] == '\0', "a text without its NUL");
  return {text, size};
}

// Up to four handles of a type.
template <class T, void (*kFree)(T*)>
class Handles {
 public:
  void keep(T* made, Input& in) {
    if (made == nullptr) return check_error();
    handles_[in.below(handles_.size())].reset(made);
  }
  T* any(Input& in) {
    return handles_[in.below(handles_.size())].get();
  }  // NULL where there is none
  void drop(Input& in) { handles_[in.below(handles_.size())].reset(); }

 private:
  struct Free {
    void operator()(T* handle) const { kFree(handle); }
  };
  std::array<std::unique_ptr<T, Free>, 4> handles_;
};

class Session {
 public:
  explicit Session(Input& in) : in_(in) {}

  void call() {
    using Step = void (Session::*)();
    constexpr std::array<Step, 20> kSteps = {
        &Session::make_model, &Session::start_training, &Session::train,  &Session::take_model,
        &Session::read_model, &Session::change_model,   &Session::encode, &Session::make_sampler,
        &Session::sample,     &Session::shape,          &Session::forbid, &Session::both,
        &Session::constrain,  &Session::ask_constraint, &Session::next,   &Session::trace,
        &Session::read_trace, &Session::walk_graph,     &Session::guard,  &Session::drop};
    (this->*kSteps[in_.below(kSteps.size())])();
  }

 private:
  void make_model() {
    if (in_.up_to(3) > 0) return models_.keep(microgpt_model_toy(), in_);
    const std::string json = in_.text(200);
    models_.keep(microgpt_model_parse(json.data(), json.size()), in_);
  }

  microgpt_settings settings() {
    microgpt_settings s;
    if (!succeeded(microgpt_default_settings(in_.up_to(1), &s))) return {};
    s.n_layer = in_.up_to(2);
    s.n_embd = in_.up_to(4);
    s.n_head = in_.up_to(2);
    s.block_size = in_.up_to(6);
    s.seed = in_.below(3);
    s.num_steps = in_.up_to(4);
    s.activation = in_.up_to(2);
    s.tokens = in_.up_to(3);
    s.batch_size = in_.up_to(3);
    if (in_.up_to(7) == 0) s.learning_rate = in_.number();
    return s;
  }

  const char* engine() {
    constexpr std::array<const char*, 5> kEngines = {nullptr, "reference", "exact", "cpu", "none"};
    return kEngines[in_.below(kEngines.size())];
  }

  void start_training() {
    const std::string documents = in_.text(40);
    const microgpt_settings a = settings();
    if (in_.up_to(3) > 0) {
      const char* const name = engine();
      return trainings_.keep(microgpt_training_new(documents.data(), documents.size(), &a, name),
                             in_);
    }
    const microgpt_settings b = settings();
    const std::unique_ptr<microgpt_diff, void (*)(microgpt_diff*)> diff(
        microgpt_diff_new(documents.data(), documents.size(), &a, &b, "exact", in_.up_to(3)),
        microgpt_diff_free);
    if (diff == nullptr) return check_error();
    microgpt_difference first;
    check(microgpt_diff_first(diff.get(), &first) == 0, "no difference and no word of it");
    check(first.step == 0 || *first.path != '\0', "a difference without a path");
  }

  void train() {
    microgpt_training* const training = trainings_.any(in_);
    std::array<double, 5> losses = {};
    std::size_t done = 99;
    succeeded(microgpt_train(training, in_.below(6), losses.data(), &done));
    check(done <= losses.size() || training == nullptr, "more steps than were asked for");
    const std::size_t count = microgpt_training_num_documents(training);
    text_of([&](std::size_t* size) {
      return microgpt_training_document(training, in_.below(count + 1), size);
    });
  }

  void take_model() { models_.keep(microgpt_training_model(trainings_.any(in_)), in_); }

  void read_model() {
    microgpt_model* const model = models_.any(in_);
    microgpt_config config = {};
    if (!writes(config, [&](auto* out) { return microgpt_model_config(model, out); })) return;
    const std::string json =
        text_of([&](std::size_t* size) { return microgpt_model_json(model, size); });
    const auto token = static_cast<int>(in_.below(static_cast<std::size_t>(config.vocab_size) + 1));
    text_of([&](std::size_t* size) { return microgpt_token_text(model, token, size); });
    if (json.empty()) return;  // a number that is none
    models_.keep(microgpt_model_parse(json.data(), json.size()), in_);
  }

  void change_model() {
    microgpt_parameter p = {};
    microgpt_model* const model = models_.any(in_);
    const std::size_t i = in_.below(12);
    if (!writes(p, [&](auto* out) { return microgpt_model_parameter(model, i, out); })) return;
    p.data[in_.below(p.rows * p.cols)] = in_.number();
  }

  void encode() {
    const std::string text = in_.text(12);
    std::vector<int> tokens(in_.below(9));  // with a guard behind its end under sanitizers
    std::size_t count = 0;
    const microgpt_model* const model = models_.any(in_);
    writes(count, [&](auto* out) {
      return microgpt_encode(model, text.data(), text.size(), tokens.data(), tokens.size(), out);
    });
  }

  void make_sampler() {
    const microgpt_model* const model = models_.any(in_);
    const char* const name = engine();
    samplers_.keep(microgpt_sampler_new(model, name, in_.below(3)), in_);
  }

  void sample() {
    const std::string prefix = in_.text(4);
    const double temperature = in_.number();
    const std::string text = text_of([&](std::size_t* size) {
      return microgpt_sample(samplers_.any(in_), prefix.data(), prefix.size(), temperature, size);
    });
    check(text.empty() || text.starts_with(prefix), "a sample without its prefix");
  }

  void shape() {
    const std::string starts = in_.text(2), ends = in_.text(2), letters = in_.text(3);
    const std::size_t least = in_.below(4), most = in_.below(8);
    constraints_.keep(
        microgpt_constraint_shape(models_.any(in_), starts.data(), starts.size(), ends.data(),
                                  ends.size(), least, most, letters.data(), letters.size()),
        in_);
  }

  void forbid() {
    const std::string policy = in_.text(12);
    constraints_.keep(microgpt_constraint_forbid(models_.any(in_), policy.data(), policy.size()),
                      in_);
  }

  void both() {
    const microgpt_constraint* const a = constraints_.any(in_);
    constraints_.keep(microgpt_constraint_both(a, constraints_.any(in_)), in_);
  }

  void constrain() {
    microgpt_sampler* const sampler = samplers_.any(in_);
    const microgpt_constraint* const constraint = constraints_.any(in_);
    succeeded(microgpt_sampler_constrain(sampler, constraint, in_.up_to(3) - 1));
  }

  void ask_constraint() {
    const microgpt_constraint* const constraint = constraints_.any(in_);
    const std::string text = in_.text(8);
    int allowed = 7;
    if (!writes(allowed, [&](int* out) {
          return microgpt_constraint_allows(constraint, text.data(), text.size(), out);
        })) {
      return;
    }
    check(allowed == 0 || allowed == 1, "neither allowed nor not");
    std::array<std::uint8_t, 256> mask = {};
    succeeded(microgpt_constraint_mask(constraint, text.data(), text.size(), mask.data()));
  }

  void next() {
    const microgpt_model* const model = models_.any(in_);
    const std::string prefix = in_.text(4);
    std::array<double, 256> logits = {}, probs = {};
    if (!succeeded(microgpt_next_logits(model, prefix.data(), prefix.size(), logits.data())))
      return;
    const std::size_t count = in_.below(6);
    const double temperature = in_.number();
    double entropy = 0;
    succeeded(microgpt_next_probs(logits.data(), count, temperature, probs.data(), &entropy));
  }

  void trace() {
    const microgpt_model* const model = models_.any(in_);
    std::array<int, 6> tokens;
    for (int& token : tokens) token = in_.up_to(5) - 1;
    microgpt_trace_options options;
    microgpt_default_trace_options(&options);
    options.backward = in_.up_to(1);
    options.update = in_.up_to(1);
    options.round = in_.up_to(4) - 1;
    options.printed_cache = in_.up_to(7) == 0;
    const std::size_t count = in_.below(tokens.size() + 1);
    traces_.keep(microgpt_trace_new(model, tokens.data(), count, &options), in_);
    double loss = 0;
    writes(loss,
           [&](double* out) { return microgpt_loss(model, tokens.data(), count, &options, out); });
  }

  void read_trace() {
    microgpt_trace* const trace = traces_.any(in_);
    const std::size_t i = in_.below(microgpt_trace_size(trace) + 1);
    microgpt_traced traced = {};
    if (!writes(traced, [&](auto* out) { return microgpt_trace_at(trace, i, out); })) return;
    const microgpt_element element = {static_cast<std::uint32_t>(i),
                                      static_cast<std::uint32_t>(in_.below(traced.size + 1))};
    const std::string path =
        text_of([&](std::size_t* size) { return microgpt_trace_path(trace, element, size); });
    microgpt_element found = {};
    if (!path.empty()) {
      check(microgpt_trace_find(trace, path.data(), path.size(), &found) == 0 &&
                found.traced == element.traced && found.index == element.index,
            "a path that leads elsewhere");
    }
    std::array<microgpt_element, 3> near;
    std::size_t count = 0;
    succeeded(microgpt_trace_parents(trace, element, near.data(), near.size(), &count));
    succeeded(microgpt_trace_users(trace, element, near.data(), near.size(), &count));
    const int style = in_.up_to(2), digits = in_.up_to(18);
    for (const auto formula : {microgpt_trace_formula, microgpt_trace_gradient_formula}) {
      text_of([&](std::size_t* size) { return formula(trace, element, style, digits, size); });
    }
  }

  void walk_graph() {
    const std::string expression = in_.text(30);
    const std::unique_ptr<microgpt_graph, void (*)(microgpt_graph*)> parsed(
        microgpt_graph_parse(expression.data(), expression.size()), microgpt_graph_free);
    microgpt_graph* const graph =
        parsed ? parsed.get() : microgpt_trace_graph(traces_.any(in_));  // which the trace frees
    if (graph == nullptr) return check_error();
    std::size_t turns = 0;
    succeeded(microgpt_backward_step(graph, in_.below(4)));
    succeeded(microgpt_backward_next(graph, &turns));
    if (parsed) succeeded(microgpt_backward_recursive(graph));  // takes long for a trace's
    std::uint32_t node = static_cast<std::uint32_t>(in_.byte());
    text_of([&](std::size_t* size) { return microgpt_graph_name(graph, node, size); });
    double setting = in_.number(), value = 0;
    succeeded(microgpt_graph_evaluate(graph, &node, 1, &setting, 1, &node, 1, &value));
  }

  void guard() {
    const microgpt_model* const model = models_.any(in_);
    const std::string policy = in_.text(8), request = in_.text(8);
    const double temperature = in_.number();
    bots_.keep(microgpt_bot_new(model, policy.data(), policy.size(), in_.up_to(3), temperature, 1),
               in_);
    text_of([&](std::size_t* size) {
      return microgpt_bot_answer(bots_.any(in_), request.data(), request.size(), size);
    });
    const std::unique_ptr<microgpt_audit, void (*)(microgpt_audit*)> audit(
        microgpt_audit_new(model, policy.data(), policy.size(), request.data(), request.size(),
                           temperature, 0.05),
        microgpt_audit_free);
    microgpt_audited_prefix prefix = {};
    const std::size_t i = in_.below(microgpt_audit_num_prefixes(audit.get()) + 1);
    writes(prefix, [&](auto* out) { return microgpt_audit_prefix(audit.get(), i, out); });
  }

  void drop() {
    models_.drop(in_);
    trainings_.drop(in_);
    samplers_.drop(in_);
    constraints_.drop(in_);
    traces_.drop(in_);
  }

  Input& in_;
  Handles<microgpt_model, microgpt_model_free> models_;
  Handles<microgpt_training, microgpt_training_free> trainings_;
  Handles<microgpt_sampler, microgpt_sampler_free> samplers_;
  Handles<microgpt_constraint, microgpt_constraint_free> constraints_;
  Handles<microgpt_trace, microgpt_trace_free> traces_;
  Handles<microgpt_bot, microgpt_bot_free> bots_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kMaxCalls = 40;
  Input in(data, size);
  Session session(in);
  for (int i = 0; i < kMaxCalls && !in.ended(); ++i) session.call();
  return 0;
}
