// What a fitted model is held against.
#include <algorithm>
#include <cmath>
#include <optional>

#include "microgpt/fit.h"
#include "microgpt/ngram.h"
#include "microgpt/novelty.h"
#include "microgpt/random.h"
#include "microgpt/sampler.h"

namespace microgpt {
namespace {

constexpr std::size_t kExamples = 20;

// Calls f(tokens) for each document, as far as a block predicts it.
template <class F>
void for_each_document(const Dataset& dataset, const Tokenizer& tokenizer, int block_size, F f) {
  const auto longest = static_cast<std::size_t>(block_size) + 1;
  std::vector<int> tokens;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    tokenizer.encode_document(dataset[i], tokens);
    f(std::span<const int>(tokens).first(std::min(longest, tokens.size())));
  }
}

double loss_of_counts(int order, const Dataset& train, const Dataset& judged,
                      const Tokenizer& tokenizer, int block_size) {
  NgramModel model(order, tokenizer.vocab_size());
  for_each_document(train, tokenizer, block_size,
                    [&](std::span<const int> tokens) { model.add(tokens); });
  double loss = 0;
  std::size_t predictions = 0;
  for_each_document(judged, tokenizer, block_size, [&](std::span<const int> tokens) {
    loss += model.loss(tokens);
    predictions += tokens.size() - 1;
  });
  return loss / static_cast<double>(predictions);
}

class Shelves {
 public:
  explicit Shelves(const Split& split) : train_(split.train), held_out_(split.held_out) {}

  void add(std::string_view text, NoveltyCount& count) const {
    ++count.documents;
    const Novelty novelty = train_.novelty_of(text);
    count.copies += novelty == Novelty::kCopy;
    count.near_copies += novelty == Novelty::kNearCopy;
    count.held_out += novelty != Novelty::kCopy && held_out_.novelty_of(text) == Novelty::kCopy;
  }

 private:
  KnownDocuments train_, held_out_;
};

}  // namespace

Baselines baselines_of(const Split& split, const Tokenizer& tokenizer, int block_size) {
  const Dataset judged = judged_documents(split.held_out);
  return {.uniform = std::log(static_cast<double>(tokenizer.vocab_size())),
          .bigram = loss_of_counts(2, split.train, judged, tokenizer, block_size),
          .four_gram = loss_of_counts(4, split.train, judged, tokenizer, block_size),
          .judged = judged.size()};
}

std::vector<Writing> write_documents(const Engine& engine, const Config& config,
                                     const Tokenizer& tokenizer, const Split& split,
                                     std::span<const double> temperatures, std::size_t count,
                                     std::uint64_t seed, const std::function<bool()>& go_on) {
  const Shelves shelves(split);
  const auto decoder = engine.new_decoder();
  std::vector<Writing> written;
  for (const double temperature : temperatures) {
    Writing& writing = written.emplace_back();
    writing.temperature = temperature;
    for (std::size_t i = 0; i < count && go_on(); ++i) {
      const SampleConfig how{.temperature = temperature};
      std::string text =
          generate(*decoder, config, tokenizer, how, "", CounterRandom(seed, i)).text;
      shelves.add(text, writing.count);
      if (writing.examples.size() < kExamples) writing.examples.push_back(std::move(text));
    }
  }
  return written;
}

NoveltyCount count_held_out(const Split& split) {
  const Shelves shelves(split);
  NoveltyCount count;
  for (std::size_t i = 0; i < split.held_out.size(); ++i) shelves.add(split.held_out[i], count);
  return count;
}

}  // namespace microgpt
