// What the tests of src/conform share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "conform/mistake.h"
#include "conform/run.h"
#include "microgpt/conform.h"

namespace microgpt::conform {

// Six letters; some documents are longer than the block.
inline Dataset small_documents() {
  return Dataset("ada\nbea\nabe\nfaded\ndecaf\ncab\nbeaded\ndeface\nfab\nace\nfacade\nbed\n",
                 "documents");
}

inline Recipe small_recipe() {
  Recipe recipe = find_recipe("final");
  recipe.config.n_embd = 6;
  recipe.config.n_head = 2;
  recipe.config.block_size = 5;
  recipe.train.num_steps = 40;
  return recipe;
}

inline Verdict check_small(const std::string& log) {
  return check(log, "log", small_recipe(), small_documents());
}

inline std::string ids(const Verdict& verdict) {
  std::string ids;
  for (const Cause& cause : verdict.causes) ids += (ids.empty() ? "" : ", ") + cause.id;
  return ids;
}

// The mistakes of a stage, as parameters of a test.
inline auto each_of(Stage stage) { return ::testing::ValuesIn(mistakes_of(stage)); }

inline std::string test_name(const ::testing::TestParamInfo<Mistake>& test) {
  std::string name(describe(test.param).id);
  std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
  return name;
}

}  // namespace microgpt::conform
