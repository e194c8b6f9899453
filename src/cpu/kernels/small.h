// What the engine for tiny models and its kernels share: where parameters lie, what a pass over
// some documents is, and the table of functions that each instruction set fills.
#pragma once

#include <cstddef>

#include "base/isa.h"

namespace microgpt::cpu {

inline constexpr int kRegister = 16;  // floats of the widest register; rows are padded to it
inline constexpr int kMaxRows = 64;   // of a pass; no document is longer
inline constexpr int kMaxSmallLayers = 8;
inline constexpr int kMaxVocab = 512;

// A model's parameters as the kernels read them. A row of n_embd numbers is padded with zeros to C
// = 16, 32 or 64, and a head in it to head_dim = 4, 8 or 16. Zeros stay zeros: they add nothing to
// any sum, and so their gradients are zero.
//
// Matrices stand in four arrays of `size` floats, at the same place in each: first wte (vocab_size
// rows) and wpe (block_size rows), then lm_head and each layer's qkv, wo, fc1, fc2. Those are
// stored (inputs, outputs), so that out += in[i] * row i has its lanes over outputs, and in
// `transposed` (outputs, inputs), so that the way back has its lanes over inputs. Neither ever adds
// across lanes.
struct SmallModel {
  int n_layer;
  int vocab_size;
  int vocab_stride;  // vocab_size padded to whole registers
  int block_size;
  bool relu_squared;
  float inverse_n_embd;  // without padding
  float attention_scale;

  std::size_t wpe, lm_head, layers;  // where they begin; wte begins at 0
  std::size_t size;
  float* weights;
  float* transposed;  // of matrices, where they are in weights
  float* m;           // Adam's moments
  float* v;
};

// Where a layer's matrices begin, counted from the layer.
template <int C>
struct SmallLayerPlaces {
  static constexpr std::size_t kQkv = 0;                 // (C, 3 C): q, k, v
  static constexpr std::size_t kWo = kQkv + 3 * C * C;   // (C, C)
  static constexpr std::size_t kFc1 = kWo + C * C;       // (C, 4 C)
  static constexpr std::size_t kFc2 = kFc1 + 4 * C * C;  // (4 C, C)
  static constexpr std::size_t kSize = kFc2 + 4 * C * C;
};

// Documents computed together. Their positions are packed, row after row, without padding.
struct SmallPass {
  int num_documents;
  int first_row[kMaxRows + 1];  // of each document, and the number of rows
  int token[kMaxRows];
  int target[kMaxRows];
  int position[kMaxRows];
};

// Adam as the kernels compute it. With m_hat = m / mc and v_hat = v / vc,
//   lr m_hat / (sqrt(v_hat) + eps) = rate m / (sqrt(v) + epsilon),
// where rate = lr sqrt(vc) / mc and epsilon = eps sqrt(vc).
struct SmallAdam {
  float one_minus_beta1, one_minus_beta2, rate, epsilon;
};

// Sequences that are written together, one in each lane of a register.
struct SmallLanes {
  float* keys_and_values;  // of write_many, aligned to 64 bytes
  int slot;                // of the ring of block_size calls
  int token[kRegister];
  int position[kRegister];
  float u[kRegister];
  int next[kRegister];
};

struct SmallKernels {
  int lanes;  // of a register
  // Floats of scratch memory that a pass needs, aligned to 64 bytes.
  std::size_t (*scratch_size)(const SmallModel& model);

  // Overwrites model.transposed from model.weights.
  void (*transpose)(const SmallModel& model);

  // Returns the sum of the losses of all rows, in nats, and leaves in scratch what backward needs.
  // inverse_tokens: the loss is multiplied by it before gradients are taken.
  double (*forward)(const SmallModel& model, const SmallPass& pass, float inverse_tokens,
                    float* scratch);

  // Adds the gradients of the pass that forward has left in scratch to grads (model.size).
  void (*backward)(const SmallModel& model, const SmallPass& pass, float* scratch, float* grads);

  // backward, and Adam on each gradient as it is made. grads must be zero and is so again: only the
  // embeddings' part of it is used.
  void (*backward_adam)(const SmallModel& model, const SmallPass& pass, float* scratch,
                        float* grads, const SmallAdam& adam);

  // Updates all parameters and zeroes grads.
  void (*adam)(const SmallModel& model, float* grads, const SmallAdam& adam);
  void (*sgd)(const SmallModel& model, float* grads, float learning_rate);

  // sum += addend, and addend becomes zero; both of `size`.
  void (*add)(float* sum, float* addend, std::size_t size);

  // Floats of the keys and values of one sequence, and of `lanes` sequences; zero at first.
  std::size_t (*sequence_size)(const SmallModel& model);
  std::size_t (*sequences_size)(const SmallModel& model);

  // Adds a token to a sequence that has `position` others, and overwrites logits (vocab_stride).
  void (*write_one)(const SmallModel& model, float* sequence, int token, int position,
                    float* logits);

  // Draws the token at which the running sum of softmax(logits * inverse_temperature) exceeds u,
  // and overwrites logits. u: from 0 to the last float below 1.
  int (*choose)(const SmallModel& model, float* logits, float inverse_temperature, float u);

  // Both, for a sequence in each lane: overwrites lanes.next.
  void (*write_many)(const SmallModel& model, SmallLanes& lanes, float inverse_temperature);
};

// Kernels for rows padded to C floats and heads padded to head_dim, in every instruction set of the
// build.
MICROGPT_DECLARE_FOR_ISAS(const SmallKernels& small_kernels(int C, int head_dim);)

}  // namespace microgpt::cpu
