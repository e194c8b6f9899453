#include "microgpt/fit.h"

#include <fmt/format.h>

#include <algorithm>

#include "microgpt/error.h"
#include "microgpt/evaluate.h"

namespace microgpt {
namespace {

constexpr std::size_t kMostJudged = 2000;

// Takes down the curve of a training.
class Judge {
 public:
  Judge(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
        const Dataset& held_out, const FitConfig& how, std::int64_t num_steps)
      : engine_(engine),
        config_(config),
        tokenizer_(tokenizer),
        judged_(judged_documents(held_out)),
        how_(how),
        num_steps_(num_steps),
        every_(std::max(num_steps / how.evaluations, std::int64_t{1})) {}

  // False: it has got no better for too long.
  bool step(const StepReport& report) {
    losses_ += report.loss;
    ++steps_;
    if (!is_due(report.step)) return true;
    const double held_out = loss_per_token(engine_, config_, tokenizer_, judged_);
    made_.curve.push_back({report.step, losses_ / static_cast<double>(steps_), held_out});
    losses_ = 0;
    steps_ = 0;
    keep();
    return !made_.stopped_early;
  }

  Fit take() { return std::move(made_); }

 private:
  // In equal parts but for the last one, which has what is left over.
  bool is_due(std::int64_t step) const {
    return step == num_steps_ || (step % every_ == 0 && num_steps_ - step >= every_);
  }

  void keep() {
    const std::size_t last = made_.curve.size() - 1;
    if (how_.keep_last || last == 0 || made_.curve[last].held_out_loss < made_.loss()) {
      made_.kept = last;
      made_.state = engine_.state_dict();
    }
    const bool at_end = made_.curve[last].step == num_steps_;
    made_.stopped_early = !at_end && last - made_.kept >= static_cast<std::size_t>(how_.patience);
  }

  const Engine& engine_;
  const Config& config_;
  const Tokenizer& tokenizer_;
  Dataset judged_;
  FitConfig how_;
  std::int64_t num_steps_, every_;
  double losses_ = 0;  // of the steps since the last point
  std::int64_t steps_ = 0;
  Fit made_;
};

}  // namespace

Dataset judged_documents(const Dataset& held_out) {
  std::vector<std::size_t> judged(std::min(held_out.size(), kMostJudged));
  for (std::size_t i = 0; i < judged.size(); ++i) judged[i] = i * held_out.size() / judged.size();
  return held_out.subset(judged);
}

void FitConfig::check() const {
  if (evaluations < 1 || patience < 1) {
    throw Error(
        fmt::format("fit: expected 1 or more evaluations and 1 or more to be patient for, "
                    "got {} and {}",
                    evaluations, patience));
  }
}

Fit fit(const Split& split, const Tokenizer& tokenizer, const Config& config,
        const TrainConfig& train_config, Engine& engine, const FitConfig& how,
        const AfterStep& after_step) {
  how.check();
  PythonRandom random(train_config.seed);
  Dataset documents = split.train;
  documents.shuffle(random);
  engine.load(init_state_dict(config, train_config, random));
  Judge judge(engine, config, tokenizer, split.held_out, how, train_config.num_steps);
  train(engine, config, train_config, documents, tokenizer, 0, [&](const StepReport& report) {
    const bool go_on = judge.step(report);
    return after_step(report) && go_on;
  });
  return judge.take();
}

}  // namespace microgpt
