// A training run between two steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "data_source.h"
#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/random.h"
#include "microgpt/tokenizer.h"
#include "settings.h"

namespace microgpt {

struct Training {
  Settings settings;  // with the vocabulary's size
  LoadedData data;    // shuffled
  Tokenizer tokenizer;
  std::unique_ptr<Engine> engine;
  PythonRandom random;  // the next number drawn is the first sample's
  std::int64_t step;    // steps done
  std::deque<double> last_losses;

  // Keeps the losses whose mean the first edition prints.
  void add_loss(double loss);
};

// Reads and shuffles the data and draws the parameters, in microgpt.py's order.
// Throws Error: the data can't be read, or settings make no sense.
Training start_training(const Settings& settings);

// Goes on with a run that was saved.
// Throws Error starting with where: the data is not what the run has learned from.
Training resume_training(const Settings& settings, const TrainingRun& run,
                         const std::string& where);

// Its model so far, with moments and provenance.
Model model_of(const Training& training);

// Saves into the folder settings.out. Throws DivergedError: a parameter is not finite.
void save_training(const Training& training);

// What a person may want to know of the data.
struct DataRemarks {
  bool byte_order_mark = false;    // a document begins with U+FEFF, for microgpt.py a letter
  std::size_t long_documents = 0;  // those of which only the beginning is learned
  std::size_t longest = 0;         // of them, in tokens
};
DataRemarks look_at(const Dataset& dataset, const Tokenizer& tokenizer, int block_size);

}  // namespace microgpt
