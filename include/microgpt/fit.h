// A model for a list of documents: trained until documents that it has not seen are predicted no
// better, and judged.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/engine.h"
#include "microgpt/state_dict.h"
#include "microgpt/tokenizer.h"
#include "microgpt/trainer.h"

namespace microgpt {

struct FitConfig {
  int evaluations = 20;    // of the held-out documents, in equal parts of the steps
  int patience = 5;        // so many in a row that are no better than the best end the training
  bool keep_last = false;  // keep the model of the last step, and never stop early

  // Throws Error: a value is below 1.
  void check() const;
};

// How far a training had come when it was judged. Losses are in nats a token.
struct FitPoint {
  std::int64_t step = 0;     // done
  double train_loss = 0;     // mean of the steps since the point before, each before its update
  double held_out_loss = 0;  // after them, of the documents judged
};

// The documents held out that losses are of: 2,000 of them at most, at even distances, so that a
// list in order is judged from its beginning to its end.
Dataset judged_documents(const Dataset& held_out);

// One training, and the model as it was at its best.
struct Fit {
  std::vector<FitPoint> curve;
  std::size_t kept = 0;        // the point in the curve whose model is kept
  bool stopped_early = false;  // for want of patience
  StateDict state;             // parameters at that point; nothing if there is no point

  double loss() const { return curve.at(kept).held_out_loss; }
};

// Trains as train does, on the documents shuffled by train.seed, which draws the first parameters,
// too; judges as it goes, and stops when it gets no better. What the engine
// holds is overwritten. after_step: as for train. Throws Error: see train and FitConfig::check.
Fit fit(const Split& split, const Tokenizer& tokenizer, const Config& config,
        const TrainConfig& train, Engine& engine, const FitConfig& how,
        const AfterStep& after_step);

// What a model has to beat: losses of the documents judged, in nats a token, of which only the
// first block_size predictions of each count.
struct Baselines {
  double uniform = 0;      // every token is as likely
  double bigram = 0;       // counts of the documents to train on, see NgramModel
  double four_gram = 0;    // the same of four tokens
  std::size_t judged = 0;  // documents

  double best_counts() const { return std::min(bigram, four_gram); }
};
Baselines baselines_of(const Split& split, const Tokenizer& tokenizer, int block_size);

// Documents beside those that a model has learned from: see KnownDocuments.
struct NoveltyCount {
  std::size_t documents = 0;
  std::size_t copies = 0;
  std::size_t near_copies = 0;
  std::size_t held_out = 0;  // new, or nearly, and found among the documents held out

  std::size_t fresh() const { return documents - copies - near_copies; }
};

// What a model writes at a temperature.
struct Writing {
  double temperature = 0;
  NoveltyCount count;
  std::vector<std::string> examples;  // the first ones
};

// Writes `count` documents at each temperature, drawn from CounterRandom(seed, i); fewer if go_on,
// which is asked before each, says no.
std::vector<Writing> write_documents(const Engine& engine, const Config& config,
                                     const Tokenizer& tokenizer, const Split& split,
                                     std::span<const double> temperatures, std::size_t count,
                                     std::uint64_t seed, const std::function<bool()>& go_on);

// The documents held out, beside those to train on: how near to the list its own documents are.
NoveltyCount count_held_out(const Split& split);

}  // namespace microgpt
