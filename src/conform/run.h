// A training run that tells its numbers by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conform/mistake.h"
#include "microgpt/conform.h"
#include "microgpt/dataset.h"
#include "microgpt/random.h"
#include "microgpt/tokenizer.h"

namespace microgpt::conform {

// Numbers that belong together, under the name of docs/conformance.md.
struct Named {
  std::string name;
  std::vector<double> values;
};

// The documents as they stand in the file, by the tokenizers of both editions.
struct Corpus {
  explicit Corpus(Dataset documents);

  const Tokenizer& tokenizer(Edition edition) const {
    return edition == Edition::kFirst ? first_edition : final_edition;
  }

  Dataset dataset;
  Tokenizer final_edition, first_edition;
  std::vector<std::vector<int>> ids;  // of each document's letters, counted from 0
};

class Run {
 public:
  virtual ~Run() = default;

  // Takes a step and returns its loss. traced: keep its numbers for trace() and grads().
  virtual double step(bool traced) = 0;

  // Of the last step, if it was traced, in the order of their computation: first "pos0.tok_emb" and
  // the like, then "grad.pos0..." from the last one backward, then "grad.wte" and the like.
  virtual const std::vector<Named>& trace() const = 0;

  // "wte" and the like, as they are now.
  virtual std::vector<Named> params() = 0;

  // The generator as it is now.
  virtual PythonRandom random() const = 0;

  // The next samples. Only after all steps are they microgpt.py's.
  virtual std::vector<std::string> samples(int count) = 0;
};

// The right run by the fastest engine that has all bits. It has no traces.
// Throws Error: the recipe is not of Network::kGpt, or its sizes are bad.
std::unique_ptr<Run> run_engine(const Recipe& recipe, const Corpus& corpus);

}  // namespace microgpt::conform
