// Ports with a generator of their own: what losses do other seeds give?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "conform/log.h"
#include "microgpt/conform.h"
#include "microgpt/engine.h"
#include "microgpt/random.h"
#include "microgpt/state_dict.h"
#include "microgpt/tokenizer.h"
#include "microgpt/trainer.h"

namespace microgpt::conform {
namespace {

// Steps, counted from 1, both included.
struct Span {
  std::int64_t first, last;
};

// Short ones at the beginning, where the loss falls, and the last fifty, of which the first edition
// prints the mean.
std::vector<Span> spans_of(std::int64_t num_steps) {
  std::vector<Span> spans;
  std::int64_t first = 1;
  for (const std::int64_t last : {1, 10, 50, 200, 500}) {
    if (last <= num_steps) spans.push_back({first, last});
    first = last + 1;
  }
  if (num_steps > 50) spans.push_back({num_steps - 49, num_steps});
  return spans;
}

double mean(const std::vector<double>& losses, Span span) {
  const auto begin = losses.begin() + span.first - 1, end = losses.begin() + span.last;
  return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
}

std::vector<double> losses_of(const Recipe& recipe, const Tokenizer& tokenizer, Dataset dataset,
                              std::int64_t steps) {
  const TrainConfig& train = recipe.train;
  Config config = recipe.config;
  config.vocab_size = tokenizer.vocab_size();
  PythonRandom random(train.seed);
  dataset.shuffle(random);
  const auto engine = make_engine("cpu", config);
  engine->load(init_state_dict(config, train, random));
  std::vector<double> losses;
  std::vector<std::vector<int>> tokens(1);
  for (std::int64_t step = 0; step < steps; ++step) {
    tokenizer.encode_document(dataset[static_cast<std::size_t>(step) % dataset.size()], tokens[0]);
    losses.push_back(engine->train_step(tokens, optimizer_step_at(train, step)));
  }
  return losses;
}

// The losses of steps 1, 2, 3, ...
std::vector<double> all_losses(const Log& log, const std::string& where) {
  std::vector<double> losses;
  for (const std::int64_t step : log.losses) {
    if (step != static_cast<std::int64_t>(losses.size()) + 1) {
      throw Error(fmt::format("{}: the loss of step {} is missing, expected one for each step",
                              where, losses.size() + 1));
    }
    losses.push_back(log.numbers.at(fmt::format("step{}.loss", step))[0].value);
  }
  if (losses.empty()) throw Error(where + ": no losses");
  return losses;
}

Band band_of(Span span, double got, std::vector<double> means) {
  const auto n = static_cast<double>(means.size());
  const double average = std::accumulate(means.begin(), means.end(), 0.0) / n;
  double squares = 0;
  for (const double x : means) squares += (x - average) * (x - average);
  std::ranges::sort(means);
  const auto below = static_cast<double>(std::ranges::upper_bound(means, got) - means.begin());
  const auto above = static_cast<double>(means.end() - std::ranges::lower_bound(means, got));
  Band band;
  band.first_step = span.first;
  band.last_step = span.last;
  band.got = got;
  band.low = means.front();
  band.median = means[means.size() / 2];
  band.high = means.back();
  band.beyond = std::isfinite(got) ? std::min(1.0, 2 * std::min(below, above) / n) : 0;
  band.deviations = std::abs(got - average) / std::sqrt(squares / (n - 1));
  return band;
}

}  // namespace

bool Band::outside() const {
  constexpr double kFar = 5;  // once in a million, were it normal
  return !(deviations <= kFar);
}

std::vector<Band> check_with_own_generator(std::string_view bytes, const std::string& where,
                                           Recipe recipe, const Dataset& dataset, int seeds) {
  if (recipe.network != Network::kGpt) {
    throw Error(fmt::format("recipe {}: has no bands, expected a GPT", recipe.name));
  }
  const Log log = parse_log(bytes, where);
  const std::vector<double> losses = all_losses(log, where);
  if (log.num_steps) recipe.train.num_steps = *log.num_steps;
  const auto steps = static_cast<std::int64_t>(losses.size());
  if (steps > recipe.train.num_steps) {
    throw Error(fmt::format("{}: {} steps, expected at most {}; give num_steps of the port's run",
                            where, steps, recipe.train.num_steps));
  }
  const std::vector<Span> spans = spans_of(steps);
  const Tokenizer tokenizer = Tokenizer::from_dataset(dataset, recipe.train.edition);
  std::vector<std::vector<double>> means(spans.size());
  for (int seed = 1; seed <= seeds; ++seed) {
    recipe.train.seed = static_cast<std::uint64_t>(seed);
    const std::vector<double> run = losses_of(recipe, tokenizer, dataset, steps);
    for (std::size_t i = 0; i < spans.size(); ++i) means[i].push_back(mean(run, spans[i]));
  }
  std::vector<Band> bands;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    bands.push_back(band_of(spans[i], mean(losses, spans[i]), means[i]));
  }
  return bands;
}

}  // namespace microgpt::conform
