#include "microgpt/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "generate/prefix.h"
#include "microgpt/error.h"
#include "random/py_pow.h"

namespace microgpt {
namespace {

std::vector<double> one_hot(std::size_t size, std::size_t at) {
  std::vector<double> probs(size, 0.0);
  probs[at] = 1.0;
  return probs;
}

// microgpt.py's softmax([l / temperature for l in logits]), to the last bit: a quotient is a
// product with the reciprocal, and the reciprocal is libm's pow.
std::vector<double> softmax(std::span<const double> logits, double temperature) {
  const double scale = py_pow(temperature, -1.0);
  std::vector<double> probs(logits.size());
  std::transform(logits.begin(), logits.end(), probs.begin(), [&](double l) { return l * scale; });
  const double max = *std::max_element(probs.begin(), probs.end());
  double total = 0.0;
  for (double& p : probs) {
    p = std::exp(p - max);
    total += p;
  }
  const double reciprocal = py_pow(total, -1.0);
  for (double& p : probs) p *= reciprocal;
  return probs;
}

// Keeps the likeliest tokens, at most top_k of them and no more than it takes to reach top_p, and
// scales them to sum 1.
void keep_likeliest(std::vector<double>& probs, int top_k, double top_p) {
  std::vector<std::size_t> order(probs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return probs[a] > probs[b]; });
  const std::size_t most = top_k > 0 ? static_cast<std::size_t>(top_k) : probs.size();
  std::vector<double> kept(probs.size(), 0.0);
  double total = 0;
  for (std::size_t i = 0; i < std::min(most, order.size()) && (i == 0 || total < top_p); ++i) {
    kept[order[i]] = probs[order[i]];
    total += probs[order[i]];
  }
  for (double& p : kept) p /= total;
  probs = std::move(kept);
}

// Writes one document. draw(probs, counter) draws a token; counter is the position of the token
// that was fed last, and block_size more for each try.
template <class Draw>
class Writer {
 public:
  Writer(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
         const SampleConfig& how, std::span<const int> prefix, Draw draw)
      : decoder_(decoder),
        config_(config),
        tokenizer_(tokenizer),
        how_(how),
        draw_(std::move(draw)),
        beginning_(begin_document(tokenizer, config, how, prefix)),
        first_logits_(static_cast<std::size_t>(config.vocab_size)),
        logits_(first_logits_.size()) {
    std::vector<int> context = {tokenizer.bos()};
    context.insert(context.end(), beginning_.ids.begin(), beginning_.ids.end());
    decoder.rewind(0);
    decoder.forward(context, first_logits_);
  }

  Sample write() {
    for (int i = 0; i < tries(); ++i) {
      if (auto sample = write_freely()) return *std::move(sample);
    }
    return write_allowed();
  }

 private:
  // The likeliest letters are the same in every try.
  int tries() const { return how_.temperature > 0 ? how_.tries : 1; }

  Sample begin() {
    decoder_.rewind(beginning_.ids.size() + 1);
    logits_ = first_logits_;
    state_ = beginning_.state;
    position_ = beginning_.ids.size();
    Sample sample;
    sample.text = beginning_.text;
    return sample;
  }

  // Draws from the model as it is; nothing if that led to what may not be written.
  std::optional<Sample> write_freely() {
    Sample sample = begin();
    const std::uint64_t first_counter = next_counter();
    do {
      const std::vector<double> probs = next_token_probabilities(logits_, how_);
      const std::size_t token = draw_(probs, first_counter + position_);
      if (!is_allowed(static_cast<int>(token))) return std::nullopt;
      append(sample, static_cast<int>(token), probs[token]);
    } while (goes_on(sample));
    return sample;
  }

  // One of several documents whose letters were drawn of those that are allowed. Such a letter is
  // drawn with its probability divided by Z, that of all allowed ones; to have it drawn with its
  // own, as far as documents are compared, each document has the product of its Zs as weight
  // (Rubin 1988, sampling importance resampling).
  Sample write_allowed() {
    std::vector<Sample> samples;
    std::vector<double> log_weights;
    for (int i = 0; i < tries(); ++i) {
      double log_weight = 0;
      samples.push_back(write_one_allowed(log_weight));
      log_weights.push_back(log_weight);
    }
    const double most = *std::max_element(log_weights.begin(), log_weights.end());
    for (double& w : log_weights) w = std::isfinite(most) ? std::exp(w - most) : 1.0;
    return std::move(samples[draw_(log_weights, next_counter())]);
  }

  Sample write_one_allowed(double& log_weight) {
    Sample sample = begin();
    const std::uint64_t first_counter = next_counter();
    do {
      const std::vector<double> probs = allowed_probabilities(log_weight);
      const std::size_t token = draw_(probs, first_counter + position_);
      if (!is_allowed(static_cast<int>(token))) {
        throw Error("sample: the model's logits are no numbers, expected finite ones");
      }
      append(sample, static_cast<int>(token), probs[token]);
    } while (goes_on(sample));
    return sample;
  }

  // The probabilities of the tokens that are allowed, scaled to sum 1; adds the logarithm of their
  // sum before that to log_weight. Where it is 0, all that is likely being forbidden, those left
  // share by their logits alone.
  std::vector<double> allowed_probabilities(double& log_weight) {
    std::vector<double> probs = next_token_probabilities(logits_, how_);
    const double likeliest = *std::max_element(logits_.begin(), logits_.end());
    for (std::size_t token = 0; token < logits_.size(); ++token) {
      if (is_allowed(static_cast<int>(token))) continue;
      probs[token] = 0;
      logits_[token] = -std::numeric_limits<double>::infinity();
    }
    const double allowed = std::accumulate(probs.begin(), probs.end(), 0.0);
    if (allowed == 0) {
      const double left = *std::max_element(logits_.begin(), logits_.end());
      // Below what a double holds, the likeliest of those left is all that counts.
      log_weight += how_.top_k == 0 && how_.top_p == 1 ? (left - likeliest) / how_.temperature
                                                       : std::log(allowed);
      return next_token_probabilities(logits_, how_);
    }
    log_weight += std::log(allowed);
    for (double& p : probs) p /= allowed;
    return probs;
  }

  std::uint64_t next_counter() {
    return num_tries_++ * static_cast<std::uint64_t>(config_.block_size);
  }

  bool is_allowed(int token) const {
    return how_.constraint == nullptr ||
           how_.constraint->may_follow(state_, token, room_after(config_, position_));
  }

  void append(Sample& sample, int token, double probability) {
    sample.tokens.push_back({token, probability});
    sample.log_probability += std::log(probability);
    sample.complete = token == tokenizer_.bos();
    if (sample.complete) return;
    sample.text += tokenizer_.token_text(token);
    if (how_.constraint != nullptr) state_ = how_.constraint->next(state_, token);
    ++position_;
  }

  // Feeds the last token, if another one can follow it.
  bool goes_on(const Sample& sample) {
    if (sample.complete || position_ == static_cast<std::size_t>(config_.block_size)) return false;
    decoder_.forward(std::span(&sample.tokens.back().token, 1), logits_);
    return true;
  }

  Decoder& decoder_;
  const Config& config_;
  const Tokenizer& tokenizer_;
  const SampleConfig& how_;
  Draw draw_;
  Beginning beginning_;
  std::vector<double> first_logits_, logits_;
  Constraint::State state_ = 0;
  std::size_t position_ = 0;  // letters so far
  std::uint64_t num_tries_ = 0;
};

// The token that must come next; -1 if there are several, or the document may end.
int only_token(const Constraint& constraint, Constraint::State state, const Tokenizer& tokenizer,
               std::size_t room) {
  if (constraint.may_end(state)) return -1;
  int only = -1;
  for (int token = 0; token < tokenizer.vocab_size(); ++token) {
    if (!constraint.may_follow(state, token, room)) continue;
    if (only >= 0) return -1;
    only = token;
  }
  return only;
}

}  // namespace

Beginning begin_document(const Tokenizer& tokenizer, const Config& config, const SampleConfig& how,
                         std::span<const int> prefix) {
  if (std::ssize(prefix) >= config.block_size) {
    throw Error(fmt::format(
        "prefix: too long, expected at most {} letters so that one is left to generate, got {}",
        config.block_size - 1, prefix.size()));
  }
  Beginning made{{prefix.begin(), prefix.end()}, tokenizer.decode(prefix), 0};
  if (how.constraint == nullptr) return made;
  const Constraint& constraint = *how.constraint;
  check_vocabulary(constraint, tokenizer);
  made.state = constraint.read(made.ids);
  if (constraint.to_go(made.state) > room_after(config, made.ids.size())) {
    throw Error(fmt::format(
        "prefix: no document that begins with \"{}\" is allowed, expected another prefix or other "
        "rules",
        made.text));
  }
  while (room_after(config, made.ids.size()) > 1) {
    const int token =
        only_token(constraint, made.state, tokenizer, room_after(config, made.ids.size()));
    if (token < 0) break;
    made.ids.push_back(token);
    made.text += tokenizer.token_text(token);
    made.state = constraint.next(made.state, token);
  }
  return made;
}

void SampleConfig::check() const {
  // The reciprocal of a smaller one overflows, or comes near to it.
  if (!std::isfinite(temperature) || temperature < 0 || (temperature > 0 && temperature < 1e-300)) {
    throw Error(fmt::format(
        "temperature: out of range, expected 0 (greedy), or 1e-300 or more, got {}", temperature));
  }
  if (top_k < 0) {
    throw Error(
        fmt::format("top_k: out of range, expected 1 or more, or 0 for all, got {}", top_k));
  }
  if (!(top_p > 0 && top_p <= 1)) {
    throw Error(fmt::format("top_p: out of range, expected above 0 to 1, got {}", top_p));
  }
  if (tries < 1 || tries > kMaxTries) {
    throw Error(fmt::format("tries: out of range, expected 1 to {}, got {}", kMaxTries, tries));
  }
}

std::vector<double> next_token_probabilities(std::span<const double> logits,
                                             const SampleConfig& config) {
  if (config.temperature == 0) {
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    return one_hot(logits.size(), static_cast<std::size_t>(best));
  }
  std::vector<double> probs = softmax(logits, config.temperature);
  if (config.top_k > 0 || config.top_p < 1) keep_likeliest(probs, config.top_k, config.top_p);
  return probs;
}

Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, const std::string& prefix, PythonRandom& random) {
  return generate(decoder, config, tokenizer, how, tokenizer.encode(prefix), random);
}

Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, std::span<const int> prefix, PythonRandom& random) {
  how.check();
  const auto draw = [&](std::span<const double> probs, std::uint64_t) {
    return random.choices(probs);
  };
  return Writer(decoder, config, tokenizer, how, prefix, draw).write();
}

Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, const std::string& prefix, const CounterRandom& stream) {
  how.check();
  const auto draw = [&](std::span<const double> probs, std::uint64_t counter) {
    return choose(probs, stream.random(counter));
  };
  return Writer(decoder, config, tokenizer, how, tokenizer.encode(prefix), draw).write();
}

}  // namespace microgpt
