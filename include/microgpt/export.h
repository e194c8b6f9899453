// A trained model as a file for other programs and for chips.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/checkpoint.h"

namespace microgpt {

// How a file holds the weights: as floats; as int8, where each row of a matrix has a unit that its
// integers count; or in Q4.12, as int16 that count 1 / 4096.
enum class Weights { kFloat64, kFloat32, kInt8, kQ4_12 };

std::string_view to_string(Weights weights);   // "float64", "float32", "int8", "q4.12"
Weights parse_weights(std::string_view name);  // the inverse; throws Error: no such name

// What target wasm adds a model to: files of the web lab, which a program with the lab has.
struct WasmParts {
  std::string_view library;  // this library, compiled to WebAssembly
  std::string_view module;   // the code that calls it, in JavaScript
};

struct ExportOptions {
  Weights weights = Weights::kFloat32;
  std::string prefix = "gpt";  // what names in C begin with
  std::string remark = {};     // for the head of files that have one; may have several lines
  WasmParts wasm = {};         // used by wasm only
};

// A kind of file that a model can be made into.
struct ExportTarget {
  std::string_view name;
  std::string_view what;         // a line for people
  std::vector<Weights> weights;  // that it can hold; the first if nobody asks for one
  bool is_text;
  bool has_prefix;  // uses ExportOptions::prefix
  std::string (*format)(const Model& model, const ExportOptions& options);
};

std::span<const ExportTarget> export_targets();

// Throws Error naming similar targets: there is none of that name.
const ExportTarget& find_export_target(std::string_view name);

// The bytes of a file. Throws Error: the target can't hold such weights, a weight or the model is
// too large for it, the prefix is no identifier, or the parts of wasm are missing.
std::string export_model(const Model& model, const ExportTarget& target,
                         const ExportOptions& options);

// The model that a file with such weights holds. Throws Error: a weight is too large for them.
Model round_weights(const Model& model, Weights weights);

}  // namespace microgpt
