// Is a port of microgpt.py right, and if not, at which operation does it first go wrong?
//
// A port prints numbers; here the same numbers are computed and compared. Where they differ, the
// training is repeated with each of the known mistakes, and those that give the port's numbers are
// named.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/error.h"

namespace microgpt::conform {

// What the network is: microgpt.py's from the third rung on.
//   kBigram  a table of counts that learns by counting
//   kMlp     wte, mlp_fc1, relu, mlp_fc2; its context is one token
enum class Network { kGpt, kMlp, kBigram };

// All that the numbers of a run depend on, beside the documents.
struct Recipe {
  std::string name;
  Config config;  // vocab_size comes from the documents
  TrainConfig train;
  double temperature = 0.5;
  int num_samples = 20;
  Network network = Network::kGpt;
  bool lm_head_last = false;  // drawn after the layers
  bool clamped = true;        // n is at most block_size
};

// "final", "first", "train0" to "train5".
std::span<const std::string_view> recipe_names();

// Throws Error: no such name; the message lists those there are.
Recipe find_recipe(std::string_view name);

// Where a mistake acts: in training, only in last bits, or only when samples are drawn.
enum class Stage { kTraining, kRounding, kSampling };

struct KnownMistake {
  std::string_view id;
  Stage stage;
  std::string_view shows;  // training: the first number of a run that is off, for example
  std::string_view what;
  std::string_view mend;
};

std::span<const KnownMistake> catalogue();

// One place in a run, as a port and this library name it: "step 3", "layer0.head2.weights", 5.
struct Place {
  std::string name;  // "init.wte", "step1.pos2.layer0.head1.weights", "step3.loss", "sample4"
  std::size_t index = 0;
  std::string expected;
  std::string got;
};

struct Cause {
  std::string id;
  std::string what;
  std::string mend;
  double off = 0;  // how far the port's numbers are from this mistake's, relative
};

enum class Answer {
  kExact,     // every number that was given, in every bit
  kRounding,  // as far as float64 goes: the last bits differ
  kPrinted,   // as far as it was printed
  kFloat32,   // as far as float32 goes
  kWrong,
};

std::string_view to_string(Answer answer);  // "exact", "rounding", "printed", "float32", "wrong"

struct Verdict {
  Answer answer = Answer::kExact;
  Answer training = Answer::kExact;   // the same without the samples
  std::size_t numbers = 0;            // that were compared
  std::size_t losses = 0;             // among them
  std::size_t samples = 0;            // that were compared: none where the numbers are wrong
  int digits = 0;                     // significant ones on which all numbers agree
  bool every_digit = false;           // the numbers were given with all their digits
  int decimals = 0;                   // of the losses, where they were not
  std::optional<Place> first;         // the first number that differs: in any bit if the answer is
                                      // kRounding, by more than rounding otherwise
  std::optional<Place> first_sample;  // the first that differs
  std::vector<Cause> causes;          // the nearest first; two that act together are "a + b"
  bool diagnosed = true;              // the catalogue was gone through, if there was need
  bool paired = false;                // and each two of its mistakes
  std::int64_t num_steps = 0;         // of the run that was compared with
  std::vector<std::string> unknown;   // names in the log that the run does not have
};

// Compares what a port printed or dumped, in any format of docs/conformance.md, with the numbers of
// the recipe on the documents (as they stand in the file: not shuffled). where: the log's name for
// messages. A log may hold the first steps of a longer run.
// Throws Error, with the line where there is one: the log is empty, binary, of no format that is
// known, JSON that is cut short, a step stands twice or is none of the run, a number is none, it
// has nothing that the run has.
Verdict check(std::string_view log, const std::string& where, const Recipe& recipe,
              const Dataset& dataset);

// The mean loss over some steps of a port, among the means of as many runs as there are seeds.
struct Band {
  std::int64_t first_step = 0, last_step = 0;  // counted from 1, both included
  double got = 0;
  double low = 0, median = 0, high = 0;  // of the seeds
  double beyond = 0;                     // share of the seeds that are as far out, on both sides
  double deviations = 0;                 // standard ones, from the mean of the seeds

  bool outside() const;  // by more than five
};

// For a port that draws its random numbers otherwise than Python: whether its losses could be those
// of another seed. Trains once for each seed 1, 2, 3, ...
// Throws Error: see check; the loss of a step is missing; the recipe is not of Network::kGpt.
std::vector<Band> check_with_own_generator(std::string_view log, const std::string& where,
                                           Recipe recipe, const Dataset& dataset, int seeds);

// Writes the test vectors of docs/conformance.md into a folder, which is made if need be: small
// JSON files that a port in any language can be tested with. dataset: what the two editions and the
// rungs are trained on, as it stands in the file. Returns how many bytes they are. Throws Error: a
// file can't be written; a document is longer than a recipe takes.
std::size_t write_vectors(const std::string& folder, const Dataset& dataset);

// What a file of test vectors was made from.
struct VectorsInput {
  Recipe recipe;
  std::optional<Dataset> documents;  // if they are in the file
  std::string data_sha256;           // of the documents' file
};

// Reads the recipe in a file of test vectors. Throws Error: it is no such file.
VectorsInput read_vectors(std::string_view json, const std::string& where);

}  // namespace microgpt::conform
