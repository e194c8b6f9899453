#include <fmt/format.h>
#include <fmt/ranges.h>

#include "microgpt/conform.h"

namespace microgpt::conform {
namespace {

constexpr std::string_view kRecipeNames[] = {"final",  "first",  "train0", "train1",
                                             "train2", "train3", "train4", "train5"};

Recipe of_edition(std::string_view name, Edition edition) {
  Recipe recipe;
  recipe.name = name;
  recipe.config = default_config(edition);
  recipe.train = default_train_config(edition);
  if (edition == Edition::kFirst) recipe.num_samples = 5;
  return recipe;
}

// The rungs before the last learn by plain gradient descent.
Recipe of_rung(std::string_view name, double learning_rate) {
  Recipe recipe = of_edition(name, Edition::kFinal);
  recipe.train.optimizer = Optimizer::kSgd;
  recipe.train.learning_rate = learning_rate;
  return recipe;
}

}  // namespace

std::span<const std::string_view> recipe_names() { return kRecipeNames; }

Recipe find_recipe(std::string_view name) {
  if (name == "final" || name == "train5") return of_edition(name, Edition::kFinal);
  if (name == "first") return of_edition(name, Edition::kFirst);
  if (name == "train4") return of_rung(name, 0.1);
  if (name == "train3") {
    Recipe recipe = of_rung(name, 0.1);
    recipe.config.n_head = 1;
    recipe.lm_head_last = true;
    return recipe;
  }
  if (name == "train1" || name == "train2") {
    Recipe recipe = of_rung(name, 1);
    recipe.network = Network::kMlp;
    recipe.clamped = false;
    return recipe;
  }
  if (name == "train0") {
    Recipe recipe = of_rung(name, 1);
    recipe.network = Network::kBigram;
    recipe.clamped = false;
    recipe.temperature = 1;
    return recipe;
  }
  throw Error(
      fmt::format("recipe '{}': unknown, expected one of {}", name, fmt::join(kRecipeNames, ", ")));
}

}  // namespace microgpt::conform
