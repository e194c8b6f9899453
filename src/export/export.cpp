#include "microgpt/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/similar.h"
#include "export/targets.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

Precision precision_of(Weights weights) {
  return weights == Weights::kFloat64 ? Precision::kFloat64 : Precision::kFloat32;
}

std::string format_json(const Model& model, const ExportOptions& options) {
  return format_model_in_rows(model, precision_of(options.weights));
}

std::string format_safetensors(const Model& model, const ExportOptions& options) {
  return format_model_safetensors(model, precision_of(options.weights));
}

}  // namespace

std::span<const ExportTarget> export_targets() {
  using enum Weights;
  static const std::vector<ExportTarget> targets = {
      {.name = "c-header",
       .what = "weights and inference in one file of C99, for programs and microcontrollers",
       .weights = {kFloat32, kInt8, kQ4_12},
       .is_text = true,
       .has_prefix = true,
       .format = format_c_header},
      {.name = "python",
       .what = "one file of Python without dependencies, with the bits of engine exact",
       .weights = {kFloat64},
       .is_text = true,
       .has_prefix = false,
       .format = format_python},
      {.name = "js",
       .what = "one module of JavaScript for browsers and Node, with the names of engine exact",
       .weights = {kFloat64},
       .is_text = true,
       .has_prefix = false,
       .format = format_javascript},
      {.name = "wasm",
       .what = "one module like js that has this library in it, as WebAssembly; faster, larger",
       .weights = {kFloat64},
       .is_text = true,
       .has_prefix = false,
       .format = format_wasm},
      {.name = "d.ts",
       .what = "what js and wasm write, in types for TypeScript",
       .weights = {kFloat64},
       .is_text = true,
       .has_prefix = false,
       .format = format_javascript_types},
      {.name = "json",
       .what = "a model.json with a row of weights a line",
       .weights = {kFloat32, kFloat64},
       .is_text = true,
       .has_prefix = false,
       .format = format_json},
      {.name = "safetensors",
       .what = "named arrays for other frameworks, which this program reads, too",
       .weights = {kFloat32, kFloat64},
       .is_text = false,
       .has_prefix = false,
       .format = format_safetensors},
      {.name = "bin",
       .what = "sizes, texts and weights in a few bytes, for a loader of your own",
       .weights = {kFloat32, kInt8, kQ4_12},
       .is_text = false,
       .has_prefix = false,
       .format = format_binary},
  };
  return targets;
}

const ExportTarget& find_export_target(std::string_view name) {
  std::vector<std::string> names;
  for (const ExportTarget& target : export_targets()) {
    if (target.name == name) return target;
    names.emplace_back(target.name);
  }
  throw Error(fmt::format("export: no target '{}', expected {}; did you mean {}?", name,
                          fmt::join(names, ", "), similar_names(name, names).front()));
}

std::string export_model(const Model& model, const ExportTarget& target,
                         const ExportOptions& options) {
  if (std::ranges::find(target.weights, options.weights) == target.weights.end()) {
    std::vector<std::string_view> names;
    for (const Weights weights : target.weights) names.push_back(to_string(weights));
    throw Error(fmt::format("export: {} has no weights in {}, expected {}", target.name,
                            to_string(options.weights), fmt::join(names, ", ")));
  }
  model.config.check_whole("export");
  return target.format(model, options);
}

}  // namespace microgpt
