// How well a model predicts documents, beside two baselines.
#pragma once

#include <cstddef>
#include <cstdint>

#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// Losses are in nats. Of a document longer than the block only the first block_size predictions
// count, for the model and for the baselines alike. Of a running text the windows that follow each
// other take the place of documents; the letters at the start of a window are predicted from few.
struct Evaluation {
  std::size_t documents = 0;    // or windows
  std::size_t truncated = 0;    // documents longer than the block
  std::int64_t tokens = 0;      // predictions: characters, and the end of each document
  std::int64_t characters = 0;  // of those, characters
  double loss_per_token = 0;
  double loss_per_document = 0;
  double perplexity = 0;          // exp(loss_per_token)
  double bits_per_character = 0;  // all nats / ln 2 / characters
  double uniform_loss = 0;        // per token: every token of the vocabulary is as likely
  double bigram_loss = 0;         // per token: counts of the other documents, add-one smoothing
};

// Throws Error: a document has a character that is not in the vocabulary.
Evaluation evaluate(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
                    const Dataset& dataset);

// The loss_per_token of that alone, without the work for all else.
double loss_per_token(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
                      const Dataset& dataset);

}  // namespace microgpt
