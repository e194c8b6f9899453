#include "microgpt/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

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

// choose_token(probs, position) draws the token that follows the one at a position.
template <class Choose>
Sample generate_with(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                     const SampleConfig& how, const std::string& prefix, Choose choose_token) {
  how.check();
  std::vector<int> context = encode_prefix(tokenizer, config, prefix);
  context.insert(context.begin(), tokenizer.bos());

  Sample sample;
  sample.text = prefix;
  decoder.rewind(0);
  std::vector<double> logits(static_cast<std::size_t>(config.vocab_size));
  for (auto position = std::ssize(context); position <= config.block_size; ++position) {
    decoder.forward(context, logits);
    const std::vector<double> probs = next_token_probabilities(logits, how);
    const std::size_t token = choose_token(probs, static_cast<std::uint64_t>(position - 1));
    context.assign(1, static_cast<int>(token));
    sample.tokens.push_back({context[0], probs[token]});
    sample.log_probability += std::log(probs[token]);
    sample.complete = context[0] == tokenizer.bos();
    if (sample.complete) break;
    sample.text += tokenizer.token_text(context[0]);
  }
  return sample;
}

}  // namespace

std::vector<int> encode_prefix(const Tokenizer& tokenizer, const Config& config,
                               const std::string& prefix) {
  std::vector<int> tokens = tokenizer.encode(prefix);
  if (std::ssize(tokens) >= config.block_size) {
    throw Error(fmt::format(
        "prefix: too long, expected at most {} letters so that one is left to generate, got {}",
        config.block_size - 1, tokens.size()));
  }
  return tokens;
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
  return generate_with(
      decoder, config, tokenizer, how, prefix,
      [&](std::span<const double> probs, std::uint64_t) { return random.choices(probs); });
}

Sample generate(Decoder& decoder, const Config& config, const Tokenizer& tokenizer,
                const SampleConfig& how, const std::string& prefix, const CounterRandom& stream) {
  return generate_with(decoder, config, tokenizer, how, prefix,
                       [&](std::span<const double> probs, std::uint64_t position) {
                         return choose(probs, stream.random(position));
                       });
}

}  // namespace microgpt
