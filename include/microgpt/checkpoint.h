// Models and training runs on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/config.h"
#include "microgpt/dataset.h"
#include "microgpt/random.h"
#include "microgpt/state_dict.h"
#include "microgpt/tokenizer.h"

namespace microgpt {

// How a model came to be.
struct Provenance {
  std::string version;  // of microgpt.cpp
  std::string engine;
  std::string data;         // "names", "embedded", or the path of a file
  std::string data_sha256;  // of its bytes
  Encoding encoding = Encoding::kUtf8;
  Sequences sequences = Sequences::kDocuments;
  std::int64_t step = 0;  // steps done
  TrainConfig train;

  bool operator==(const Provenance&) const = default;
};

// What inference needs, and where it came from.
struct Model {
  Config config;
  Tokenizer tokenizer;
  StateDict state;  // model.json leaves the moments out
  std::optional<Provenance> provenance;
};

// How many of the last losses a run keeps: the first edition prints their mean.
inline constexpr std::size_t kLastLosses = 50;

// A training run between two steps: all that is needed to go on as if it had never stopped.
struct TrainingRun {
  Model model;  // with moments and provenance
  PythonRandom::State random;
  std::vector<double> last_losses;  // at most kLastLosses
  double temperature = 0.5;         // of the samples at the end
  int num_samples = 20;
};

// Names of the two files in a run's folder.
inline constexpr char kModelFile[] = "model.json";
inline constexpr char kTrainingFile[] = "training.safetensors";

// Reads a model.json, the one in a folder, or a model in safetensors; which of them, its bytes say.
// Keys may stand in any order, and keys of others are passed over.
// Throws Error naming what is wrong and where: unreadable, over 64 GiB, not JSON, nested too deep,
// a key missing, twice or of another type, sizes that contradict each other, values not finite.
Model read_model(const std::string& path);

// The same from the bytes of a file; where: its name for messages.
Model parse_model(std::string_view json, const std::string& where);
Model parse_model_safetensors(std::string_view bytes, const std::string& where);

// The text of a model.json: one line, doubles as the shortest decimals that read back to the same
// bits, state_dict in the order of the parameters.
std::string format_model(const Model& model);

// How weights are written for others: float32 rounds them.
enum class Precision { kFloat64, kFloat32 };

// A model.json with a row of weights a line. Throws Error: see format_model_safetensors.
std::string format_model_in_rows(const Model& model, Precision precision);

// The bytes that parse_model_safetensors reads, arrays in the order of the parameters.
// Throws Error: the model contradicts itself, or a weight is too large for float32.
std::string format_model_safetensors(const Model& model, Precision precision);

// Writes a file whole or not at all. Throws Error: can't be written.
void write_model(const std::string& path, const Model& model);

// Saves a run into a folder, which is made if need be: training.safetensors, then model.json. Each
// is replaced whole, so that whenever the process is killed both can be read.
void save_run(const std::string& folder, const TrainingRun& run);

// Reads what save_run wrote. Throws Error: as read_model.
TrainingRun read_run(const std::string& folder);

// The two halves of read_run and save_run for training.safetensors, on bytes.
TrainingRun parse_run(std::string_view bytes, const std::string& where);
std::string format_run(const TrainingRun& run);

}  // namespace microgpt
