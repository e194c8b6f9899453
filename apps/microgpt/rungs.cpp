#include "rungs.h"

#include <cstddef>

namespace microgpt {

const std::vector<LadderProgram>& rungs() {
  static const std::vector<LadderProgram> list = {
      {"train0", "counts of which letter follows which", 0, 2.4963},
      {"train1", "a network, and its gradient worked out by hand", 3184, 2.4915},
      {"train2", "autograd: the same network and numbers, no gradient by hand", 3184, 2.4915},
      {"train3", "attention, positions, rmsnorm, residuals: a GPT", 4192, 2.3701},
      {"train4", "four heads, and layers in a loop", 4192, 2.3643},
      {"train5", "Adam: this is microgpt.py", 4192, 2.3233},
  };
  return list;
}

const std::vector<LadderProgram>& programs_beside() {
  static const std::vector<LadderProgram> list = {
      {"micrograd", "the chain rule on small numbers, neurons, a fit of four points"},
      {"toy", "a GPT of 72 numbers, trained by trying and not by calculus"},
  };
  return list;
}

const std::vector<Change>& changes(std::size_t to) {
  static const std::vector<Change> list[] = {
      {
          {"train1: a network", "A model that can be improved bit by bit takes the table's place."},
          {"struct StateDict",
           "The counts become parameters: a vector for each token and two matrices that turn it "
           "into logits, with a gradient for each number, by trying and by calculus."},
          {"analytic_gradient(state_dict, tokens);",
           "Learning is no longer counting: find the gradient, take a step against it, a smaller "
           "one each time; and a temperature makes the model's choices safer."},
      },
      {
          {"train2: the same", "The model stays as it is; what changes is who does the calculus."},
          {"class Value",
           "Each operation knows its own small derivative and what it was applied to, and "
           "backward() puts these together by the chain rule, so that no formula for the whole is "
           "needed."},
          {"analytic_gradient(StateDict& state_dict",
           "The model's formulas stay, in Value instead of double; all that was worked out by hand "
           "goes, and the check of it too."},
          {"const StateDict state_dict",
           "The matrices hold indices into the tape and no numbers, so they never change."},
          {"loss.backward();",
           "The training loop builds the graph of the loss, walks it back, and drops it at the end "
           "of the step."},
          {"weights.push_back(p.data())",
           "Drawing a letter needs plain numbers, and here too the graph is dropped after use."},
      },
      {
          {"train3: a GPT",
           "The last letter alone says too little; now every letter so far has a say."},
          {"block_size", "The model's view is limited to as many tokens as it has positions for."},
          {"attn_wq",
           "New parameters: a vector for each position (wpe), four matrices of attention, and a "
           "matrix for the logits (lm_head), so that mlp_fc2 can lead back to n_embd numbers."},
          {"Vector attention",
           "Attention lets a position gather from itself and those before it, rmsnorm keeps "
           "vectors "
           "at one size, and what a part finds is added to x instead of taking its place."},
          {"Matrix keys, values",
           "Each document starts with no past, what is too long is cut, and the deeper model needs "
           "smaller steps."},
          {"gpt(state_dict, token_id, pos_id", "A new name starts with no past, too."},
      },
      {
          {"train4: four heads", "One question at a time is little; four can be asked at once."},
          {"n_head", "Two new sizes, and each head gets an equal part of every vector."},
          {"struct Layer",
           "What may be repeated goes into a struct of its own, so lm_head is drawn before it: the "
           "parameters begin with other noise."},
          {"Matrix parts",
           "The same attention runs once for each head, on that head's part of q, keys and values, "
           "and the results stand side by side."},
          {"using Cache", "Each layer has keys and values of its own, and the layers run in turn."},
          {"Cache keys(n_layer)", "A document starts with no past in any layer."},
          {"Cache keys(n_layer)", "And so does a new name."},
      },
      {
          {"train5: the last rung", "The model is finished; what is left is how fast it learns."},
          {"beta1",
           "Adam's rate and the memory of its two averages, which start at zero for each "
           "parameter."},
          {"m_hat",
           "Both averages are updated, freed of the bias that their start at zero gives them, and "
           "set the step of each parameter; and every step is printed."},
      },
  };
  return list[to - 1];
}

}  // namespace microgpt
