// Training and sampling for C.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "c_api/handles.h"
#include "microgpt/diff.h"
#include "microgpt/engine.h"
#include "microgpt/sampler.h"
#include "microgpt/trainer.h"

using namespace microgpt;
using namespace microgpt::c_api;

struct microgpt_diff {
  std::optional<NumberDifference> first;
};

struct microgpt_training {
  Config config;
  TrainConfig train;
  Dataset dataset;  // shuffled
  Tokenizer tokenizer;
  std::string engine_name;
  std::unique_ptr<Engine> engine;  // nothing after an error
  std::int64_t step = 0;           // steps done
  std::string text = {};
};

namespace {

static_assert(MICROGPT_EDITION_FIRST == static_cast<int>(Edition::kFirst));
static_assert(MICROGPT_RELU_SQUARED == static_cast<int>(Activation::kReluSquared));
static_assert(MICROGPT_SGD == static_cast<int>(Optimizer::kSgd));
static_assert(MICROGPT_SCHEDULE_CONSTANT == static_cast<int>(Schedule::kConstant));
static_assert(MICROGPT_TOKENS_BYTE == static_cast<int>(TokenKind::kByte));
static_assert(MICROGPT_STAGE_UPDATE == static_cast<int>(Stage::kUpdate));

Config config_of(const microgpt_settings& s) {
  return {.n_layer = s.n_layer,
          .n_embd = s.n_embd,
          .block_size = s.block_size,
          .n_head = s.n_head,
          .vocab_size = 0,
          .activation = to_enum(s.activation, Activation::kReluSquared, "activation")};
}

TrainConfig train_config_of(const microgpt_settings& s) {
  return {.edition = to_enum(s.edition, Edition::kFirst, "edition"),
          .seed = s.seed,
          .num_steps = s.num_steps,
          .learning_rate = s.learning_rate,
          .beta1 = s.beta1,
          .beta2 = s.beta2,
          .eps_adam = s.eps_adam,
          .init_std = s.init_std,
          .optimizer = to_enum(s.optimizer, Optimizer::kSgd, "optimizer"),
          .schedule = to_enum(s.schedule, Schedule::kConstant, "schedule"),
          .batch_size = s.batch_size,
          .grad_accum = s.grad_accum};
}

microgpt_settings settings_of(Edition edition) {
  const Config c = default_config(edition);
  const TrainConfig t = default_train_config(edition);
  return {.edition = static_cast<int>(t.edition),
          .n_layer = c.n_layer,
          .n_embd = c.n_embd,
          .block_size = c.block_size,
          .n_head = c.n_head,
          .activation = static_cast<int>(c.activation),
          .seed = t.seed,
          .num_steps = t.num_steps,
          .learning_rate = t.learning_rate,
          .beta1 = t.beta1,
          .beta2 = t.beta2,
          .eps_adam = t.eps_adam,
          .init_std = t.init_std,
          .optimizer = static_cast<int>(t.optimizer),
          .schedule = static_cast<int>(t.schedule),
          .batch_size = t.batch_size,
          .grad_accum = t.grad_accum,
          .tokens = MICROGPT_TOKENS_CODEPOINT};
}

std::unique_ptr<microgpt_training> start(std::string_view documents, const microgpt_settings& s,
                                         const char* engine) {
  TrainConfig train = train_config_of(s);
  Config config = config_of(s);
  train.check();
  PythonRandom random(train.seed);
  Dataset dataset(std::string(documents), "documents");
  dataset.shuffle(random);
  Tokenizer tokenizer = Tokenizer::from_dataset(dataset, train.edition,
                                                to_enum(s.tokens, TokenKind::kByte, "tokens"));
  config.vocab_size = tokenizer.vocab_size();
  check_enough_data(dataset, tokenizer, config, train);
  const std::string name(engine != nullptr ? engine
                                           : default_engine(config, train.sequences_per_step()));
  auto made = make_engine(name, config);
  made->load(init_state_dict(config, train, random));
  return std::unique_ptr<microgpt_training>(new microgpt_training{
      config, train, std::move(dataset), std::move(tokenizer), name, std::move(made)});
}

Replay replay_of(const microgpt_training& t) {
  return {t.engine_name, *t.engine, t.config, t.train, t.dataset, t.tokenizer};
}

microgpt_settings settings_given(const microgpt_settings* settings) {
  return settings == nullptr ? settings_of(Edition::kFinal) : *settings;
}

Engine& engine_of(const microgpt_training& training) {
  if (!training.engine) throw Error("training: has ended with an error; start another");
  return *training.engine;
}

}  // namespace

int microgpt_default_settings(int edition, microgpt_settings* settings) {
  return status_of([&] {
    given(settings, "settings") = settings_of(to_enum(edition, Edition::kFirst, "edition"));
  });
}

microgpt_training* microgpt_training_new(const char* documents, size_t size,
                                         const microgpt_settings* settings, const char* engine) {
  return pointer_of([&] {
    return start(text_given(documents, size, "documents"), settings_given(settings), engine)
        .release();
  });
}

void microgpt_training_free(microgpt_training* training) { delete training; }

size_t microgpt_training_num_documents(const microgpt_training* training) {
  return training == nullptr ? 0 : training->dataset.size();
}

const char* microgpt_training_document(microgpt_training* training, size_t i, size_t* size) {
  return pointer_of([&] {
    microgpt_training& t = given(training, "training");
    check_index(i, t.dataset.size(), "document");
    t.text = t.dataset[i];
    return hand_out(t.text, size);
  });
}

int microgpt_train(microgpt_training* training, size_t num_steps, double* losses,
                   size_t* num_done) {
  return status_of([&] {
    microgpt_training& t = given(training, "training");
    size_t& done = given(num_done, "num_done") = 0;
    double* const out = num_steps > 0 ? &given(losses, "losses") : nullptr;
    Engine& engine = engine_of(t);
    if (num_steps > 0) {
      try {
        t.step = train(engine, t.config, t.train, t.dataset, t.tokenizer, t.step,
                       [&](const StepReport& report) {
                         out[done++] = report.loss;
                         return done < num_steps;
                       });
      } catch (...) {
        t.engine.reset();
        throw;
      }
    }
  });
}

microgpt_model* microgpt_training_model(const microgpt_training* training) {
  return pointer_of([&] {
    const microgpt_training& t = given(training, "training");
    return new microgpt_model{{t.config, t.tokenizer, engine_of(t).state_dict(), std::nullopt}};
  });
}

microgpt_diff* microgpt_diff_new(const char* documents, size_t size, const microgpt_settings* a,
                                 const microgpt_settings* b, const char* engine,
                                 int64_t num_steps) {
  return pointer_of([&] {
    const std::string_view text = text_given(documents, size, "documents");
    const auto in_a = start(text, settings_given(a), engine);
    const auto in_b = start(text, settings_given(b), engine);
    const Replay run_a = replay_of(*in_a), run_b = replay_of(*in_b);
    const auto last = std::min({num_steps, in_a->train.num_steps, in_b->train.num_steps});
    return new microgpt_diff{diff_runs(run_a, run_b, last).first};
  });
}

void microgpt_diff_free(microgpt_diff* diff) { delete diff; }

int microgpt_diff_first(const microgpt_diff* diff, microgpt_difference* difference) {
  return status_of([&] {
    const auto& first = given(diff, "diff").first;
    microgpt_difference& out = given(difference, "difference") = {};
    if (!first) return;
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    out = {first->step, static_cast<int>(first->stage), first->path.c_str(),
           first->a.value_or(kNone), first->b.value_or(kNone)};
  });
}

microgpt_sampler* microgpt_sampler_new(const microgpt_model* model, const char* engine,
                                       uint64_t seed) {
  return pointer_of([&] {
    const Model& m = given(model, "model").model;
    auto made = make_engine(engine != nullptr ? std::string_view(engine) : default_engine(m.config),
                            m.config);
    made->load(m.state);
    auto decoder = made->new_decoder();
    return new microgpt_sampler{m.config,           m.tokenizer,        std::move(made),
                                std::move(decoder), PythonRandom(seed), seed};
  });
}

void microgpt_sampler_free(microgpt_sampler* sampler) { delete sampler; }

const char* microgpt_sample(microgpt_sampler* sampler, const char* prefix, size_t prefix_size,
                            double temperature, size_t* size) {
  return pointer_of([&] {
    microgpt_sampler& s = given(sampler, "sampler");
    const std::string begin(text_given(prefix, prefix_size, "prefix"));
    SampleConfig how{.temperature = temperature};
    how.constraint = s.constraint ? &*s.constraint : nullptr;
    how.tries = s.tries;
    const auto draw = [&](auto& source) {
      return generate(*s.decoder, s.config, s.tokenizer, how, begin, source).text;
    };
    const CounterRandom stream(s.seed, s.documents);
    s.text = has_own_streams(*s.engine) ? draw(stream) : draw(s.random);
    ++s.documents;
    return hand_out(s.text, size);
  });
}

int microgpt_next_logits(const microgpt_model* model, const char* prefix, size_t size,
                         double* logits) {
  return status_of([&] {
    const Model& m = given(model, "model").model;
    std::vector<int> tokens = m.tokenizer.encode(text_given(prefix, size, "prefix"));
    tokens.insert(tokens.begin(), m.tokenizer.bos());
    double& out = given(logits, "logits");
    const auto engine = make_engine("exact", m.config);  // of any size: a trace's numbers
    engine->load(m.state);
    std::vector<double> made(static_cast<std::size_t>(m.config.vocab_size));
    engine->new_decoder()->forward(tokens, made);
    std::ranges::copy(made, &out);
  });
}

int microgpt_next_probs(const double* logits, size_t count, double temperature, double* probs,
                        double* entropy) {
  return status_of([&] {
    if (count == 0) throw Error("logits: expected some, got none");
    SampleConfig how;
    how.temperature = temperature;
    how.check();
    double& out = given(probs, "probs");
    const std::vector<double> made =
        next_token_probabilities({&given(logits, "logits"), count}, how);
    if (entropy != nullptr) {
      *entropy = 0;
      for (const double p : made) *entropy -= p > 0 ? p * std::log2(p) : 0;
    }
    std::ranges::copy(made, &out);
  });
}
