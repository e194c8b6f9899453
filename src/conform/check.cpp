// From a log to a verdict.
//
// A number is right if it is within 1e-12 of the right one, and 1e-14 more with each step, beside
// what printing took off it: bits belong to a libm, a compiler, and the first edition's to an order
// that is not defined, but none of these makes more of a difference than 2e-15 to a loss and 1e-14
// to a parameter in 1,000 steps of names. A constant such as log(p + 1e-12) makes 8e-12.
//
// It is float32's if it is within 2e-6, and 1e-7 more with each step: float32 makes 8e-8 in the
// first steps, 3e-7 to a loss and 9e-6 to a parameter in 1,000. But a small wrong constant makes as
// little, so numbers with digits enough must look like it too: they are all float32's numbers, or
// they err from the first loss on, and to both sides.
//
// A mistake is named if its replay is within 1e-6 of the log and a thousand times nearer than the
// right arithmetic, from the first step to 30 steps past the first number that is off, or to 200
// where few digits were printed. Two ports with the same mistake differ by rounding only, some
// 1e-15 at first; two different mistakes are never that near. A mistake of rounding is named if it
// gives every bit.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <utility>

#include "conform/comparison.h"
#include "conform/log.h"
#include "conform/port.h"
#include "conform/run.h"
#include "microgpt/conform.h"

namespace microgpt::conform {
namespace {

constexpr double kRounding = 1e-12, kRoundingGrowth = 1e-14;  // a step
constexpr double kFloat32 = 2e-6, kFloat32Growth = 1e-7;
constexpr double kSame = 1e-6;
constexpr double kNearer = 1e-3;
constexpr std::int64_t kWindow = 30, kPrintedWindow = 200;  // steps
constexpr std::size_t kFewDigits = 5;  // fewer that are off by one in the last place may be chance
constexpr std::size_t kFewestToPair = 5;      // fewer numbers fit many pairs of mistakes
constexpr std::size_t kMostParams = 200'000;  // of models that are trained with each mistake

// The noise of float32 hides the last digits of a mistake. Its first loss is right to 1e-11 once in
// thousands of runs.
constexpr double kFloat32Noise = 1e-11, kFloat32Later = 1e-3, kNearerFloat32 = 0.05;
constexpr std::int64_t kFloat32Window = 10;

// That a number is float32's is worth so much where all digits were printed, and 1 where nine were.
constexpr int kProof = 10;

// The step of a name such as "step12.loss", 0 for what comes before the first.
std::int64_t step_of(const std::string& name) {
  std::int64_t step = 0;
  if (name.starts_with("step")) std::from_chars(name.data() + 4, name.data() + name.size(), step);
  return step;
}

// How much a number that is float32's proves: nothing, where few digits were printed.
int proof(const Number& number) {
  if (number.half_unit > 0) return number.half_unit < 2e-8 * std::abs(number.value) ? 1 : 0;
  const bool is_long = fmt::format("{}", number.value).size() > 9;
  return std::isfinite(number.value) && is_long ? kProof : 0;
}

// As it was printed in full, to nine digits, or in the fewest that give float32 back.
bool is_float32(const Number& number) {
  const auto nearest = static_cast<float>(number.value);
  return std::abs(number.value - nearest) <= number.half_unit ||
         fmt::format("{}", nearest) == fmt::format("{}", number.value);
}

class Judge {
 public:
  Judge(const Log& log, Recipe recipe, const Corpus& corpus)
      : log_(log), recipe_(std::move(recipe)), corpus_(corpus), last_step_(log.last_step()) {}

  // All but the causes.
  Verdict compare();

  // Adds the mistakes, or else the pairs of them, that give the log's numbers.
  void name_one(Verdict& verdict);
  void name_two(Verdict& verdict);

 private:
  enum class Until { kEnd, kDifference };

  std::unique_ptr<Run> right_run() const;
  void replay(Run& run, Until until, Comparison& comparison) const;
  bool looks_like_float32() const;
  bool errs_like_float32() const;
  bool begins_as_float32() const;
  Comparison right(double tolerance = kRounding, double growth = kRoundingGrowth) const;
  Comparison look(const Verdict& verdict, std::int64_t window);
  void try_all(Stage stage, double tolerance, Verdict& verdict);
  std::size_t try_out(std::initializer_list<Mistake> mistakes, Verdict& verdict) const;
  std::vector<std::string> samples_of(Run& trained, const Mistakes& mistakes) const;
  void compare_samples(Run& run, Verdict& verdict) const;

  const Log& log_;
  const Recipe recipe_;
  const Corpus& corpus_;
  std::int64_t last_step_;  // to which runs are replayed
  double tolerance_ = 0;    // within which a mistake is named
  bool begins_as_float32_ = false;
  std::size_t right_agreed_ = 0;  // numbers that the right arithmetic gives before it is off
  std::vector<std::pair<Mistake, std::size_t>> agreed_;  // and each mistake
};

std::unique_ptr<Run> Judge::right_run() const {
  if (recipe_.network == Network::kGpt && log_.traces.empty()) return run_engine(recipe_, corpus_);
  return std::make_unique<Port>(recipe_, corpus_, Mistakes());
}

// Feeds the numbers of a run to a comparison.
void Judge::replay(Run& run, Until until, Comparison& comparison) const {
  const auto done = [&] { return until == Until::kDifference && comparison.differs(); };
  for (const Named& param : run.params()) comparison.take("init." + param.name, param.values);
  for (std::int64_t step = 1; step <= last_step_ && !done(); ++step) {
    comparison.next_step();
    const std::string prefix = fmt::format("step{}.", step);
    const bool traced = log_.traces.contains(step);
    const double loss = run.step(traced);
    if (traced) {
      for (const Named& named : run.trace()) comparison.take(prefix + named.name, named.values);
    } else {
      comparison.take(prefix + "loss", {&loss, 1});
    }
    if (!log_.params.contains(step)) continue;
    for (const Named& param : run.params()) {
      comparison.take(fmt::format("{}params.{}", prefix, param.name), param.values);
    }
  }
}

Verdict Judge::compare() {
  Verdict verdict;
  verdict.num_steps = recipe_.train.num_steps;
  verdict.every_digit = log_.every_digit;
  verdict.decimals = log_.decimals;
  verdict.losses = log_.losses.size();
  const auto run = right_run();
  Comparison all(log_, kRounding, kRoundingGrowth);
  replay(*run, Until::kEnd, all);
  verdict.numbers = all.compared();
  for (const auto& [name, numbers] : log_.numbers) {
    if (!all.names().contains(name)) verdict.unknown.push_back(name);
  }
  const double apart = std::max(all.apart(), 1e-17);
  verdict.digits = static_cast<int>(std::clamp(-std::log10(apart), 0.0, 17.0));
  verdict.first = all.differs() ? all.first() : all.first_bit();
  if (all.differs()) {
    verdict.answer = looks_like_float32() ? Answer::kFloat32 : Answer::kWrong;
  } else {
    verdict.answer = !log_.every_digit    ? Answer::kPrinted
                     : all.apart() == 0.0 ? Answer::kExact
                                          : Answer::kRounding;
  }
  verdict.training = verdict.answer;
  begins_as_float32_ = verdict.answer == Answer::kWrong && begins_as_float32();
  if (verdict.answer != Answer::kWrong) compare_samples(*run, verdict);
  return verdict;
}

bool Judge::looks_like_float32() const {
  if (right(kFloat32, kFloat32Growth).differs()) return false;
  int proofs = 0;
  bool all_float32 = true;
  for (const auto& [name, numbers] : log_.numbers) {
    for (const Number& number : numbers) {
      all_float32 = all_float32 && is_float32(number);
      proofs = std::min(proofs + proof(number), kProof);
    }
  }
  return proofs == 0 || (all_float32 && proofs == kProof) || errs_like_float32();
}

// Where a mean is taken in float64 the losses are not float32's, but their errors are.
bool Judge::errs_like_float32() const {
  constexpr std::size_t kFew = 8;  // may err to one side by chance
  if (!begins_as_float32()) return false;
  const auto run = right_run();
  std::size_t above = 0, below = 0;
  for (std::int64_t step = 1; step <= std::min(last_step_, kFloat32Window); ++step) {
    const double expected = run->step(false);
    const auto loss = log_.numbers.find(fmt::format("step{}.loss", step));
    if (loss == log_.numbers.end()) continue;
    ++(loss->second[0].value > expected ? above : below);
  }
  return above + below < kFew || (above > 0 && below > 0);
}

// Before any gradient matters: float32's first loss is off by more than rounding, but not by much.
bool Judge::begins_as_float32() const {
  Judge first(*this);
  first.last_step_ = std::min<std::int64_t>(last_step_, 1);
  const double off = first.right().off();
  return kFloat32Noise < off && off < kFloat32;
}

Comparison Judge::right(double tolerance, double growth) const {
  Comparison comparison(log_, tolerance, growth);
  replay(*right_run(), Until::kEnd, comparison);
  return comparison;
}

// Replays will go as many steps past the first number that is off. Returns the right arithmetic
// beside the log's up to there.
Comparison Judge::look(const Verdict& verdict, std::int64_t window) {
  last_step_ = std::min(log_.last_step(), step_of(verdict.first->name) + window);
  return right();
}

// How many numbers a port with these mistakes gives before it is off; if it gives all, they are the
// cause.
std::size_t Judge::try_out(std::initializer_list<Mistake> mistakes, Verdict& verdict) const {
  Comparison comparison(log_, tolerance_);
  Port port(recipe_, corpus_, mistakes);
  replay(port, Until::kDifference, comparison);
  if (comparison.differs()) return comparison.compared();
  Cause cause;
  for (const Mistake mistake : mistakes) {
    const KnownMistake& known = describe(mistake);
    cause.id += (cause.id.empty() ? "" : " + ") + std::string(known.id);
    cause.what += (cause.what.empty() ? "" : "; and ") + std::string(known.what);
    cause.mend += (cause.mend.empty() ? "" : "; and ") + std::string(known.mend);
  }
  cause.off = comparison.off();
  verdict.causes.push_back(cause);
  return comparison.compared();
}

void Judge::try_all(Stage stage, double tolerance, Verdict& verdict) {
  tolerance_ = tolerance;
  Comparison right(log_, tolerance);
  replay(*right_run(), Until::kDifference, right);
  right_agreed_ = right.compared();
  agreed_.clear();
  for (const Mistake mistake : mistakes_of(stage)) {
    agreed_.emplace_back(mistake, try_out({mistake}, verdict));
  }
  std::ranges::stable_sort(verdict.causes, {}, &Cause::off);
}

void Judge::name_one(Verdict& verdict) {
  const Comparison window = look(verdict, log_.every_digit ? kWindow : kPrintedWindow);
  if (verdict.answer == Answer::kRounding) {
    try_all(Stage::kRounding, 0, verdict);
    return;
  }
  const bool by_chance = !log_.every_digit && window.different() < kFewDigits;
  if (verdict.answer == Answer::kFloat32 && by_chance) return;
  try_all(Stage::kTraining, std::min(kSame, window.off() * kNearer), verdict);
  if (!verdict.causes.empty()) verdict.answer = verdict.training = Answer::kWrong;
  if (verdict.answer == Answer::kFloat32 || !verdict.causes.empty() || !begins_as_float32_) return;
  const double later = look(verdict, kFloat32Window).off();
  try_all(Stage::kTraining, std::min(kFloat32Later, later * kNearerFloat32), verdict);
}

// Of two mistakes none makes a number wrong that is right in the log, unless the first number is
// wrong already; and if one of them alone gives more numbers than the right arithmetic, it is one
// of the two.
void Judge::name_two(Verdict& verdict) {
  std::size_t most = right_agreed_;
  for (const auto& [mistake, agreed] : agreed_) most = std::max(most, agreed);
  if (begins_as_float32_ || verdict.numbers < kFewestToPair) return;
  verdict.paired = true;
  for (std::size_t i = 0; i < agreed_.size(); ++i) {
    for (std::size_t j = i + 1; j < agreed_.size(); ++j) {
      const auto [less, more] = std::minmax(agreed_[i].second, agreed_[j].second);
      if (less < right_agreed_ || more < most) continue;
      try_out({agreed_[i].first, agreed_[j].first}, verdict);
    }
  }
  std::ranges::stable_sort(verdict.causes, {}, &Cause::off);
}

std::vector<std::string> Judge::samples_of(Run& trained, const Mistakes& mistakes) const {
  Port port(recipe_, corpus_, mistakes);
  port.take_over(trained);
  return port.samples(static_cast<int>(log_.samples.rbegin()->first));
}

// Samples follow the last step, of which there need be no loss.
void Judge::compare_samples(Run& run, Verdict& verdict) const {
  if (log_.samples.empty()) return;
  for (std::int64_t step = last_step_; step < recipe_.train.num_steps; ++step) run.step(false);
  const bool is_gpt = recipe_.network == Network::kGpt;
  const auto differ = [&](const std::vector<std::string>& samples) {
    return std::ranges::find_if(log_.samples, [&](const auto& sample) {
      return sample.second != samples[sample.first - 1];
    });
  };
  const int count = static_cast<int>(log_.samples.rbegin()->first);
  const auto samples = is_gpt ? samples_of(run, {}) : run.samples(count);
  verdict.samples = log_.samples.size();
  const auto first = differ(samples);
  if (first == log_.samples.end()) return;
  verdict.first_sample =
      Place{fmt::format("sample{}", first->first), 0, samples[first->first - 1], first->second};
  const auto mistakes = is_gpt ? mistakes_of(Stage::kSampling) : std::vector<Mistake>();
  for (const Mistake mistake : mistakes) {
    if (differ(samples_of(run, {mistake})) != log_.samples.end()) continue;
    const KnownMistake& known = describe(mistake);
    verdict.causes.push_back(
        {std::string(known.id), std::string(known.what), std::string(known.mend), 0});
  }
  if (verdict.training == Answer::kFloat32 && verdict.causes.empty()) return;  // may be rounding
  verdict.answer = Answer::kWrong;
  verdict.first = verdict.first_sample;
}

void check_steps(const Log& log, const Recipe& recipe, const std::string& where) {
  if (log.last_step() <= recipe.train.num_steps) return;
  throw Error(fmt::format("{}: step {}, expected at most {}; give num_steps of the port's run",
                          where, log.last_step(), recipe.train.num_steps));
}

// A log that does not say how many steps the run has may be whole, or the beginning of one.
std::vector<Recipe> possible_recipes(const Log& log, Recipe recipe) {
  if (log.num_steps) recipe.train.num_steps = *log.num_steps;
  std::vector<Recipe> recipes = {recipe};
  const std::int64_t last = log.last_step();
  if (!log.num_steps && 1 < last && last < recipe.train.num_steps) {
    recipe.train.num_steps = last;
    recipes.push_back(recipe);
  }
  return recipes;
}

bool is_training(const Verdict& verdict) {
  return verdict.first && !verdict.first->name.starts_with("sample");
}

}  // namespace

std::string_view to_string(Answer answer) {
  constexpr std::string_view kNames[] = {"exact", "rounding", "printed", "float32", "wrong"};
  return kNames[static_cast<std::size_t>(answer)];
}

Verdict check(std::string_view bytes, const std::string& where, const Recipe& recipe,
              const Dataset& dataset) {
  const Log log = parse_log(bytes, where);
  const Corpus corpus(dataset);
  std::vector<Judge> judges;
  std::vector<Verdict> verdicts;
  for (const Recipe& possible : possible_recipes(log, recipe)) {
    check_steps(log, possible, where);
    judges.emplace_back(log, possible, corpus);
    verdicts.push_back(judges.back().compare());
  }
  const auto best = std::ranges::min_element(verdicts, {}, &Verdict::answer);
  Verdict& verdict = *best;
  if (verdict.numbers + verdict.samples == 0 && verdict.answer != Answer::kWrong) {
    throw Error(fmt::format("{}: nothing to compare, the run has no {}", where,
                            verdict.unknown.empty() ? "numbers" : verdict.unknown.front()));
  }
  Judge& judge = judges[static_cast<std::size_t>(best - verdicts.begin())];
  if (!is_training(verdict)) return verdict;
  Config config = recipe.config;
  config.vocab_size = corpus.final_edition.vocab_size();
  verdict.diagnosed = recipe.network == Network::kGpt && config.num_params() <= kMostParams;
  if (!verdict.diagnosed) return verdict;
  if (verdict.answer != Answer::kWrong) {
    judge.name_one(verdict);
    return verdict;
  }
  for (const auto name : {&Judge::name_one, &Judge::name_two}) {
    for (std::size_t i = 0; i < judges.size(); ++i) {
      (judges[i].*name)(verdicts[i]);
      if (!verdicts[i].causes.empty()) return verdicts[i];
    }
  }
  return verdict;
}

}  // namespace microgpt::conform
