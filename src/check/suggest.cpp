// What to train on a list. The rules were measured: docs/your-own-list.md has the figures.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "check/text_form.h"
#include "microgpt/check.h"
#include "microgpt/engine.h"
#include "microgpt/error.h"
#include "microgpt/machine.h"
#include "microgpt/random.h"
#include "microgpt/state_dict.h"

namespace microgpt {
namespace {

struct Size {
  double letters;  // of different documents, ends included, from which on it is worth its time
  int n_layer, n_embd, n_head;
  int batch_size;
  double learning_rate;
  double epochs;
};

constexpr Size kSizes[] = {
    {0, 1, 16, 4, 16, 0.01, 10},
    {100'000, 1, 32, 4, 32, 0.01, 10},
    {2'000'000, 2, 64, 4, 32, 0.005, 8},
    {20'000'000, 4, 128, 4, 64, 0.003, 3},
};
constexpr std::int64_t kFewestSteps = 200, kMostSteps = 50'000;
constexpr int kLongestBlock = 256;
// A token that occurs less often than this, on average, is hardly learned.
constexpr double kOftenEnough = 20;

double as_double(std::size_t number) { return static_cast<double>(number); }

class Adviser {
 public:
  Adviser(const ListReport& report, std::size_t trained_on, const Overrule& overrule)
      : report_(report),
        points_(report.unit(TokenKind::kCodepoint)),
        trained_on_(trained_on),
        overrule_(overrule) {}

  Suggestion advise() {
    choose_tokens();
    choose_block();
    choose_size();
    choose_steps();
    return std::move(made_);
  }

 private:
  void choose_tokens();
  void choose_block();
  void choose_size();
  void choose_steps();

  void because(const char* setting, const std::string& value, const std::string& why) {
    made_.reasons.push_back({setting, value, why});
  }

  std::string lists_of_this_size() const {
    const bool small = size_ == kSizes;
    const double letters = small ? kSizes[1].letters : size_->letters;
    return fmt::format("for lists {} {} letters{}", small ? "below" : "of",
                       check::grouped(static_cast<std::size_t>(letters)), small ? "" : " and more");
  }

  // Letters and ends of different documents.
  double letters() const {
    return as_double(points_.total + report_.documents) * as_double(report_.distinct) /
           as_double(report_.documents);
  }

  const ListReport& report_;
  const UnitCounts& points_;
  std::size_t trained_on_;
  const Overrule& overrule_;
  const Size* size_ = nullptr;
  Suggestion made_;
};

// Letters that are made of several code points (vowel signs, jamo, emoji) can come out in pieces
// if each piece is a token. Bytes help where there are more characters than the list can teach.
void Adviser::choose_tokens() {
  const UnitCounts& graphemes = report_.unit(TokenKind::kGrapheme);
  const UnitCounts& bytes = report_.unit(TokenKind::kByte);
  const double joined = 1 - as_double(graphemes.total) / as_double(points_.total);
  const auto is_often = [](const UnitCounts& unit) {
    return as_double(unit.total) >= kOftenEnough * as_double(unit.different);
  };
  std::string why = "each letter is one code point";
  if (!is_often(points_) && 2 * bytes.different < points_.different) {
    made_.tokens = TokenKind::kByte;
    why = fmt::format(
        "{} characters, each {:.0f} times on average, are too many to learn from "
        "this list; it has {} different bytes",
        points_.different, as_double(points_.total) / as_double(points_.different),
        bytes.different);
  } else if (joined > 0.01 && is_often(graphemes)) {
    made_.tokens = TokenKind::kGrapheme;
    why = fmt::format(
        "{:.0f} % of the code points belong to the letter before them; so no letter "
        "comes out in pieces",
        100 * joined);
  } else if (joined > 0.01) {
    why = fmt::format(
        "letters of several code points are {} different ones, too many to learn "
        "whole from this list",
        graphemes.different);
  }
  overrule_(made_);
  because("tokens", std::string(to_string(made_.tokens)), why);
}

void Adviser::choose_block() {
  const UnitCounts& tokens = report_.unit(made_.tokens);
  const double tokens_a_letter =
      as_double(tokens.total) / as_double(std::max<std::size_t>(points_.total, 1));
  const auto usual = static_cast<std::size_t>(
      tokens_a_letter * as_double(std::max(4 * report_.median_length, 2 * report_.length_95)));
  const std::size_t longest = std::min(tokens.longest, usual);
  int& block = made_.config.block_size;
  block = static_cast<int>(
      std::min<std::size_t>(std::max<std::size_t>(longest + 1, 16), kLongestBlock));
  made_.config.vocab_size = static_cast<int>(tokens.different) + 1;
  overrule_(made_);
  std::string why =
      fmt::format("the longest document has {} tokens, and its end is one more", tokens.longest);
  if (static_cast<std::size_t>(block) < tokens.longest + 1) {
    why = fmt::format(
        "95 % of the documents have at most {} letters; the longest, of {} tokens, would make all "
        "of it slower",
        report_.length_95, tokens.longest);
  }
  because("block_size", std::to_string(block), why);
}

void Adviser::choose_size() {
  const auto larger = std::ranges::upper_bound(kSizes, letters(), {}, &Size::letters);
  size_ = larger - 1;
  Config& config = made_.config;
  config.n_layer = size_->n_layer;
  config.n_embd = size_->n_embd;
  config.n_head = size_->n_head;
  overrule_(made_);
  const std::size_t parameters = config.num_params();
  made_.memorises = as_double(parameters) > letters();
  const std::string sizes =
      fmt::format("{} parameters for {} letters of different documents", check::grouped(parameters),
                  check::grouped(static_cast<std::size_t>(letters())));
  because("n_layer", std::to_string(config.n_layer), lists_of_this_size());
  because(
      "n_embd", std::to_string(config.n_embd),
      sizes + (made_.memorises ? ": it will learn this list by heart and say it again; only more "
                                 "documents help"
                               : ""));
  because("n_head", std::to_string(config.n_head),
          fmt::format("of {} numbers each", config.n_embd / std::max(config.n_head, 1)));
}

void Adviser::choose_steps() {
  TrainConfig& train = made_.train;
  const auto documents = static_cast<std::int64_t>(trained_on_);
  train.batch_size = static_cast<int>(std::min<std::int64_t>(size_->batch_size, documents));
  train.learning_rate = size_->learning_rate;
  overrule_(made_);
  train.num_steps = std::clamp(
      static_cast<std::int64_t>(size_->epochs * as_double(trained_on_)) / train.batch_size,
      kFewestSteps, kMostSteps);
  made_.engine = default_engine(made_.config, train.batch_size);
  overrule_(made_);
  made_.epochs = static_cast<double>(train.num_steps * train.batch_size) / as_double(trained_on_);
  because(
      "batch_size", std::to_string(train.batch_size),
      train.batch_size < size_->batch_size ? "all documents at each step" : lists_of_this_size());
  because("learning_rate", fmt::format("{}", train.learning_rate),
          size_->n_layer == 1 ? "as in microgpt.py" : "a larger model takes smaller steps");
  because("num_steps", std::to_string(train.num_steps),
          fmt::format("each document is seen {:.1f} times", made_.epochs));
  because("engine", made_.engine,
          made_.engine == "cpu" ? "float32, the fastest for several documents a step"
                                : "the bits of microgpt.py, and fast for one document a step");
}

// Documents of random tokens: what they are makes no difference to the time.
std::vector<std::vector<int>> random_documents(const Suggestion& suggestion,
                                               const ListReport& report) {
  const Config& config = suggestion.config;
  const std::size_t mean = report.unit(suggestion.tokens).total / report.documents;
  const std::size_t length = std::min(mean + 2, static_cast<std::size_t>(config.block_size) + 1);
  std::vector<std::vector<int>> documents(static_cast<std::size_t>(suggestion.train.batch_size));
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const CounterRandom random(suggestion.train.seed, i);
    for (std::size_t t = 0; t < length; ++t) {
      documents[i].push_back(static_cast<int>(random.random(t) * config.vocab_size));
    }
  }
  return documents;
}

}  // namespace

Suggestion suggest(const ListReport& report, std::size_t trained_on, const Overrule& overrule) {
  if (report.unit(TokenKind::kCodepoint).total == 0) {
    throw Error("suggestion: no documents, expected a list with at least one");
  }
  return Adviser(report, trained_on, overrule).advise();
}

Suggestion suggest(const ListReport& report) {
  return suggest(report, report.documents, [](Suggestion&) {});
}

double measure_training(const Suggestion& suggestion, const ListReport& report) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kTime(200);
  PythonRandom random(suggestion.train.seed);
  const auto engine = make_engine(suggestion.engine, suggestion.config, {.threads = processors()});
  engine->load(init_state_dict(suggestion.config, suggestion.train, random));
  const auto documents = random_documents(suggestion, report);
  OptimizerStep update{.learning_rate = suggestion.train.learning_rate,
                       .beta1 = suggestion.train.beta1,
                       .beta2 = suggestion.train.beta2,
                       .eps_adam = suggestion.train.eps_adam};
  engine->train_step(documents, update);  // what is made at the first is not measured
  const Clock::time_point start = Clock::now();
  do {
    ++update.step;
    engine->train_step(documents, update);
  } while (Clock::now() - start < kTime);
  const std::chrono::duration<double> seconds = Clock::now() - start;
  return seconds.count() / static_cast<double>(update.step) *
         static_cast<double>(suggestion.train.num_steps);
}

}  // namespace microgpt
