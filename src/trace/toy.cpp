// The walkthrough's toy model and what it prints about it.
#include <array>

#include "microgpt/trace.h"

namespace microgpt {

Model toy_model() {
  const Config config{.n_layer = 1, .n_embd = 2, .block_size = 4, .n_head = 1, .vocab_size = 4};
  StateDict state;
  state.params = {
      {"wte", 4, 2, {.20, .30, .50, -.10, -.30, .40, .10, .20}},
      {"wpe", 4, 2, {.10, -.05, .05, .15, -.10, .10, .15, .00}},
      {"lm_head", 4, 2, {.30, .10, -.20, .40, .50, -.30, -.10, .60}},
      {"layer0.attn_wq", 2, 2, {.50, .20, .10, .40}},
      {"layer0.attn_wk", 2, 2, {.30, -.10, .20, .50}},
      {"layer0.attn_wv", 2, 2, {.40, .10, -.20, .60}},
      {"layer0.attn_wo", 2, 2, {.60, .20, .10, .70}},
      {"layer0.mlp_fc1",
       8,
       2,
       {.40, .10, -.20, .50, .30, -.30, .10, .40, -.50, .20, .20, -.10, .60, .30, -.10, -.40}},
      {"layer0.mlp_fc2",
       2,
       8,
       {.10, .30, -.20, .40, .00, .20, -.10, .50, -.30, .20, .50, -.10, .40, -.40, .30, .10}},
  };
  return {config, Tokenizer({"a", "b", "c"}, 0), std::move(state), std::nullopt};
}

GivenCache toy_printed_cache() {
  return {.keys = {{{.30, .10}, {-.10, .40}}}, .values = {{{.20, -.30}, {.50, .20}}}};
}

std::span<const PrintedFigure> toy_printed_figures() {
  static constexpr std::array kFigures = {
      PrintedFigure{"pos2.embedding[0]", -.40, 2},
      PrintedFigure{"pos2.embedding[1]", .50, 2},
      PrintedFigure{"pos2.embedding_norm.ms", .205, 3},
      PrintedFigure{"pos2.embedding_norm.scale", 2.209, 3},
      PrintedFigure{"pos2.embedding_norm.x[0]", -.88, 2},
      PrintedFigure{"pos2.embedding_norm.x[1]", 1.10, 2},
      PrintedFigure{"pos2.layer0.attn_norm.scale", 1.00, 2},
      PrintedFigure{"pos2.layer0.q[0]", -.22, 2},
      PrintedFigure{"pos2.layer0.q[1]", .35, 2},
      PrintedFigure{"pos2.layer0.k[0]", -.37, 2},
      PrintedFigure{"pos2.layer0.k[1]", .37, 2},
      PrintedFigure{"pos2.layer0.v[0]", -.24, 2},
      PrintedFigure{"pos2.layer0.v[1]", .84, 2},
      PrintedFigure{"pos2.layer0.head0.dots[0]", -.031, 3},
      PrintedFigure{"pos2.layer0.head0.dots[1]", .162, 3},
      PrintedFigure{"pos2.layer0.head0.dots[2]", .211, 3},
      PrintedFigure{"pos2.layer0.head0.scores[0]", -.02, 2},
      PrintedFigure{"pos2.layer0.head0.scores[1]", .11, 2},
      PrintedFigure{"pos2.layer0.head0.scores[2]", .15, 2},
      PrintedFigure{"pos2.layer0.head0.weights[0]", .30, 2},
      PrintedFigure{"pos2.layer0.head0.weights[1]", .34, 2},
      PrintedFigure{"pos2.layer0.head0.weights[2]", .36, 2},
      PrintedFigure{"pos2.layer0.head0.out[0]", .14, 2},
      PrintedFigure{"pos2.layer0.head0.out[1]", .28, 2},
      PrintedFigure{"pos2.layer0.attn_out[0]", .14, 2},
      PrintedFigure{"pos2.layer0.attn_out[1]", .21, 2},
      PrintedFigure{"pos2.layer0.attn_residual[0]", -.74, 2},
      PrintedFigure{"pos2.layer0.attn_residual[1]", 1.31, 2},
      PrintedFigure{"pos2.layer0.mlp_norm.x[0]", -.70, 2},
      PrintedFigure{"pos2.layer0.mlp_norm.x[1]", 1.23, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[0]", -.16, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[1]", .76, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[2]", -.58, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[3]", .42, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[4]", .60, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[5]", -.26, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[6]", -.05, 2},
      PrintedFigure{"pos2.layer0.mlp_pre[7]", -.42, 2},
      PrintedFigure{"pos2.layer0.mlp_act[1]", .76, 2},
      PrintedFigure{"pos2.layer0.mlp_act[3]", .42, 2},
      PrintedFigure{"pos2.layer0.mlp_act[4]", .60, 2},
      PrintedFigure{"pos2.layer0.mlp_out[0]", .40, 2},
      PrintedFigure{"pos2.layer0.mlp_out[1]", .35, 2},
      PrintedFigure{"pos2.layer0.mlp_residual[0]", -.34, 2},
      PrintedFigure{"pos2.layer0.mlp_residual[1]", 1.66, 2},
      PrintedFigure{"pos2.logits[0]", .06, 2},
      PrintedFigure{"pos2.logits[1]", .73, 2},
      PrintedFigure{"pos2.logits[2]", -.67, 2},
      PrintedFigure{"pos2.logits[3]", 1.03, 2},
      PrintedFigure{"pos2.probs[0]", .17, 2},
      PrintedFigure{"pos2.probs[1]", .32, 2},
      PrintedFigure{"pos2.probs[2]", .08, 2},
      PrintedFigure{"pos2.probs[3]", .43, 2},
      PrintedFigure{"pos2.loss", 1.77, 2},
  };
  return kFigures;
}

}  // namespace microgpt
