#include "microgpt/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <unordered_map>
#include <vector>

#include "microgpt/config.h"

namespace microgpt {
namespace {

// -log softmax(logits)[target].
double cross_entropy(std::span<const double> logits, int target) {
  const double max = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (const double x : logits) total += std::exp(x - max);
  return std::log(total) + max - logits[static_cast<std::size_t>(target)];
}

// The token sequences of a dataset: documents, of which at most block_size predictions count, or
// windows that follow each other, so that each letter of the text is predicted once.
template <class Visit>
void for_each_sequence(const Dataset& dataset, const Config& config, const Tokenizer& tokenizer,
                       Visit visit) {
  const auto longest = static_cast<std::size_t>(config.block_size) + 1;
  if (dataset.sequences() == Sequences::kWindows) {
    const std::vector<int> text = tokenizer.encode_text(dataset[0]);
    for (std::size_t begin = 0; begin + 1 < text.size(); begin += longest - 1) {
      visit(std::span(text).subspan(begin, std::min(longest, text.size() - begin)));
    }
    return;
  }
  std::vector<int> tokens;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    tokenizer.encode_document(dataset[i], tokens);
    visit(std::span(tokens).first(std::min(longest, tokens.size())));
  }
}

double sequence_loss(Decoder& decoder, const Config& config, std::span<const int> tokens) {
  decoder.rewind(0);
  std::vector<double> logits(static_cast<std::size_t>(config.vocab_size));
  double loss = 0;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    decoder.forward(tokens.subspan(i, 1), logits);
    loss += cross_entropy(logits, tokens[i + 1]);
  }
  return loss;
}

// How often each token follows each other one, add-one smoothed. A document is predicted from the
// counts of all the others: its own are taken out while it is scored, so that the baseline has not
// seen what it predicts.
class BigramCounts {
 public:
  explicit BigramCounts(int vocab_size)
      : vocab_size_(static_cast<std::size_t>(vocab_size)), rows_(vocab_size_) {}

  void add(std::span<const int> tokens, std::int64_t times) {
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto row = static_cast<std::size_t>(tokens[i]);
      pairs_[row * vocab_size_ + static_cast<std::size_t>(tokens[i + 1])] += times;
      rows_[row] += times;
    }
  }

  double loss_without(std::span<const int> tokens) {
    add(tokens, -1);
    double loss = 0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto row = static_cast<std::size_t>(tokens[i]);
      const auto pair = pairs_[row * vocab_size_ + static_cast<std::size_t>(tokens[i + 1])];
      loss -= std::log(static_cast<double>(pair + 1) /
                       static_cast<double>(rows_[row] + std::ssize(rows_)));
    }
    add(tokens, +1);
    return loss;
  }

 private:
  std::size_t vocab_size_;
  std::unordered_map<std::size_t, std::int64_t> pairs_;  // by row * vocab_size + column
  std::vector<std::int64_t> rows_;
};

}  // namespace

double loss_per_token(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
                      const Dataset& dataset) {
  const auto decoder = engine.new_decoder();
  double loss = 0, tokens = 0;
  for_each_sequence(dataset, config, tokenizer, [&](std::span<const int> sequence) {
    loss += sequence_loss(*decoder, config, sequence);
    tokens += static_cast<double>(sequence.size() - 1);
  });
  return loss / tokens;
}

Evaluation evaluate(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
                    const Dataset& dataset) {
  Evaluation result;
  BigramCounts bigrams(config.vocab_size);
  for_each_sequence(dataset, config, tokenizer,
                    [&](std::span<const int> tokens) { bigrams.add(tokens, +1); });
  const auto decoder = engine.new_decoder();
  double loss = 0, bigram_loss = 0;
  for_each_sequence(dataset, config, tokenizer, [&](std::span<const int> tokens) {
    const bool ends_document = tokens.back() == tokenizer.bos();
    result.truncated += dataset.sequences() == Sequences::kDocuments && !ends_document;
    ++result.documents;
    result.tokens += std::ssize(tokens) - 1;
    for (const int token : tokens.subspan(1)) result.characters += tokenizer.count_letters(token);
    loss += sequence_loss(*decoder, config, tokens);
    bigram_loss += bigrams.loss_without(tokens);
  });
  const auto tokens = static_cast<double>(result.tokens);
  result.loss_per_token = loss / tokens;
  result.loss_per_document = loss / static_cast<double>(result.documents);
  result.perplexity = std::exp(result.loss_per_token);
  result.bits_per_character = loss / std::numbers::ln2 / static_cast<double>(result.characters);
  result.uniform_loss = std::log(static_cast<double>(config.vocab_size));
  result.bigram_loss = bigram_loss / tokens;
  return result;
}

}  // namespace microgpt
