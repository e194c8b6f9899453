// What the tests of src/conform share.
#pragma once

#include <string>

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
  recipe.config.n_embd = 8;
  recipe.config.n_head = 2;
  recipe.config.block_size = 5;
  recipe.train.num_steps = 40;
  return recipe;
}

}  // namespace microgpt::conform
