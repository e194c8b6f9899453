#include "conform/run.h"

#include <algorithm>
#include <utility>

#include "microgpt/engine.h"
#include "microgpt/sampler.h"
#include "microgpt/state_dict.h"
#include "microgpt/trainer.h"

namespace microgpt::conform {
namespace {

// init_state_dict, or with lm_head drawn last.
StateDict draw(const Config& config, const Recipe& recipe, PythonRandom& random) {
  StateDict state = init_state_dict(config, recipe.train, random);
  if (!recipe.lm_head_last) return state;
  constexpr std::size_t kLmHead = 2;
  std::vector<double> drawn = flatten(state);
  auto& params = state.params;
  std::rotate(params.begin() + kLmHead, params.begin() + kLmHead + 1, params.end());
  auto next = drawn.begin();
  for (Tensor& tensor : params) {
    const auto end = next + static_cast<std::ptrdiff_t>(tensor.data.size());
    tensor.data.assign(next, end);
    next = end;
  }
  std::rotate(params.begin() + kLmHead, params.end() - 1, params.end());
  return state;
}

Config config_of(const Recipe& recipe, const Tokenizer& tokenizer) {
  Config config = recipe.config;
  config.vocab_size = tokenizer.vocab_size();
  return config;
}

class EngineRun final : public Run {
 public:
  EngineRun(const Recipe& recipe, const Corpus& corpus)
      : recipe_(recipe),
        tokenizer_(corpus.tokenizer(recipe.train.edition)),
        config_(config_of(recipe, tokenizer_)),
        random_(recipe.train.seed),
        dataset_(corpus.dataset),
        engine_(make_engine("exact", config_)) {
    dataset_.shuffle(random_);
    engine_->load(draw(config_, recipe, random_));
  }

  double step(bool) override {
    tokens_.resize(1);
    tokenizer_.encode_document(dataset_[static_cast<std::size_t>(step_) % dataset_.size()],
                               tokens_[0]);
    return engine_->train_step(tokens_, optimizer_step_at(recipe_.train, step_++));
  }

  const std::vector<Named>& trace() const override { return no_trace_; }

  std::vector<Named> params() override {
    std::vector<Named> params;
    for (Tensor& tensor : engine_->state_dict().params) {
      params.push_back({tensor.name, std::move(tensor.data)});
    }
    return params;
  }

  PythonRandom random() const override { return random_; }

  std::vector<std::string> samples(int count) override {
    const auto decoder = engine_->new_decoder();
    std::vector<std::string> samples;
    for (int i = 0; i < count; ++i) {
      const SampleConfig how = {recipe_.temperature, 0, 1};
      samples.push_back(generate(*decoder, config_, tokenizer_, how, "", random_).text);
    }
    return samples;
  }

 private:
  const Recipe recipe_;
  const Tokenizer& tokenizer_;
  const Config config_;
  PythonRandom random_;
  Dataset dataset_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::vector<int>> tokens_;
  std::int64_t step_ = 0;
  const std::vector<Named> no_trace_;
};

std::vector<std::vector<int>> encode(const Dataset& dataset, const Tokenizer& tokenizer) {
  std::vector<std::vector<int>> ids(dataset.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = tokenizer.encode(dataset[i]);
  return ids;
}

}  // namespace

Corpus::Corpus(Dataset documents)
    : dataset(std::move(documents)),
      final_edition(Tokenizer::from_dataset(dataset, Edition::kFinal)),
      first_edition(Tokenizer::from_dataset(dataset, Edition::kFirst)),
      ids(encode(dataset, final_edition)) {}

std::unique_ptr<Run> run_engine(const Recipe& recipe, const Corpus& corpus) {
  return std::make_unique<EngineRun>(recipe, corpus);
}

}  // namespace microgpt::conform
