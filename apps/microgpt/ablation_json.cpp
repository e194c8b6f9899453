// An ablation study for machines: docs/ablation.md.
#include <nlohmann/json.hpp>

#include "ablation_report.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Estimate& estimate) {
  return {{"n", estimate.n},
          {"mean", estimate.n > 0 ? Json(estimate.mean) : Json()},
          {"margin", estimate.margin ? Json(*estimate.margin) : Json()}};
}

Json json_of(const VariantResult& result) {
  return {{"name", result.variant.name},
          {"change", result.variant.change},
          {"num_params", result.num_params},
          {"diverged", result.diverged},
          {"held_out_loss", json_of(result.held_out_loss)},
          {"train_loss", json_of(result.train_loss)},
          {"difference", json_of(result.difference)},
          {"seconds", result.seconds}};
}

}  // namespace

std::string ablation_json(const AblationReport& report) {
  Json json = {{"format", "microgpt-ablation-v1"},
               {"data", report.data},
               {"data_sha256", report.data_sha256},
               {"documents", report.documents},
               {"settings", Json::parse(report.settings)},
               {"first_seed", report.config.first_seed},
               {"seeds", report.config.seeds},
               {"held_out", report.config.held_out},
               {"confidence", 0.95},
               {"stopped", report.was_stopped},
               {"variants", Json::array()}};
  for (const VariantResult& result : report.results) json["variants"].push_back(json_of(result));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace microgpt
