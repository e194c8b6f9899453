#include <nlohmann/json.hpp>

#include "new_report.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const NoveltyCount& count) {
  return {{"documents", count.documents},
          {"copies", count.copies},
          {"near_copies", count.near_copies},
          {"new", count.fresh()},
          {"held_out", count.held_out}};
}

Json json_of(const Fit& fit, std::uint64_t seed) {
  Json curve = Json::array();
  for (const FitPoint& point : fit.curve) {
    curve.push_back({{"step", point.step},
                     {"train_loss", point.train_loss},
                     {"held_out_loss", point.held_out_loss}});
  }
  return {{"seed", seed},
          {"kept_step", fit.curve[fit.kept].step},
          {"held_out_loss", fit.loss()},
          {"stopped_early", fit.stopped_early},
          {"curve", std::move(curve)}};
}

Json json_of(const Suggestion::Reason& reason) {
  return {{"setting", reason.setting}, {"value", reason.value}, {"why", reason.why}};
}

}  // namespace

std::string new_json(const NewReport& report) {
  Json object = {{"format", "microgpt-new-v1"},
                 {"data", report.data},
                 {"data_sha256", report.data_sha256},
                 {"documents", report.documents},
                 {"distinct", report.distinct},
                 {"trained_on", report.trained_on},
                 {"held_out", report.held_out},
                 {"judged", report.baselines.judged},
                 {"split", report.split_by_rows ? "rows" : "texts"},
                 {"settings", Json::parse(print_config(report.settings))},
                 {"reasons", Json::array()},
                 {"fits", Json::array()},
                 {"stopped", report.was_stopped},
                 {"chosen", report.seeds[report.chosen]},
                 {"held_out_loss", {{"mean", report.loss().mean}, {"margin", nullptr}}},
                 {"baselines",
                  {{"uniform", report.baselines.uniform},
                   {"bigram", report.baselines.bigram},
                   {"four_gram", report.baselines.four_gram}}},
                 {"held_out_novelty", json_of(report.held_out_novelty)},
                 {"writings", Json::array()},
                 {"verdicts", verdicts(report)}};
  if (const auto margin = report.loss().margin) object["held_out_loss"]["margin"] = *margin;
  for (const auto& reason : report.reasons) object["reasons"].push_back(json_of(reason));
  for (std::size_t i = 0; i < report.fits.size(); ++i) {
    object["fits"].push_back(json_of(report.fits[i], report.seeds[i]));
  }
  for (const Writing& writing : report.writings) {
    Json one = {{"temperature", writing.temperature}};
    one.update(json_of(writing.count));
    one["examples"] = writing.examples;
    object["writings"].push_back(std::move(one));
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace microgpt
