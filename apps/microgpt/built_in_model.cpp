#include "built_in_model.h"

#include <algorithm>
#include <filesystem>

#include "microgpt/trace.h"
#include "microgpt/trainer.h"
#include "training.h"

namespace microgpt {
namespace {

Model untrained_model(const std::string& data) {
  Settings settings = default_settings(Edition::kFinal);
  settings.data = data;
  settings.engine = "reference";
  return model_of(start_training(settings));
}

}  // namespace

Model open_model(const std::string& name, const std::string& data) {
  if (name == "toy") return toy_model();
  if (name == "untrained") return untrained_model(data);
  const bool is_run = std::filesystem::exists(std::filesystem::path(name) / kTrainingFile);
  return is_run ? read_run(name).model : read_model(name);
}

OptimizerStep next_step(const Model& model) {
  TrainConfig train = model.provenance ? model.provenance->train : TrainConfig();
  const bool goes_on = model.provenance && !model.state.adam_m.empty();
  const std::int64_t step = goes_on ? model.provenance->step : 0;
  train.num_steps = std::max(train.num_steps, step + 1);
  return optimizer_step_at(train, step);
}

}  // namespace microgpt
