#include "cpu/kernels/small_lanes.h"
#include "cpu/kernels/small_train.h"

namespace microgpt::cpu::MICROGPT_ISA {
namespace {

template <int C, int D>
std::size_t scratch_size(const SmallModel& model) {
  const int longest = model.block_size < kMaxRows ? model.block_size : kMaxRows;
  return Activations<C>(kAttention<C, D>, model, kMaxRows, longest, nullptr).size;
}

template <int C>
void transpose_matrices(const SmallModel& model) {
  using Places = SmallLayerPlaces<C>;
  const auto matrix = [&](std::size_t place, int inputs, int outputs) {
    transpose(model.transposed + place, model.weights + place, inputs, outputs);
  };
  matrix(model.lm_head, C, model.vocab_stride);
  for (int l = 0; l < model.n_layer; ++l) {
    const std::size_t place = model.layers + static_cast<std::size_t>(l) * Places::kSize;
    matrix(place + Places::kQkv, C, 3 * C);
    matrix(place + Places::kWo, C, C);
    matrix(place + Places::kFc1, C, 4 * C);
    matrix(place + Places::kFc2, 4 * C, C);
  }
}

template <int C, int D>
double forward(const SmallModel& model, const SmallPass& pass, float inverse_tokens,
               float* scratch) {
  return forward_pass<C>(kAttention<C, D>, model, pass, inverse_tokens, scratch);
}

template <int C, int D>
void backward(const SmallModel& model, const SmallPass& pass, float* scratch, float* grads) {
  backward_pass<C>(kAttention<C, D>, model, pass, scratch, grads, AddGradient{grads});
}

template <int C, int D>
void backward_adam(const SmallModel& model, const SmallPass& pass, float* scratch, float* grads,
                   const SmallAdam& adam) {
  const Adam sink(model, adam);
  backward_pass<C>(kAttention<C, D>, model, pass, scratch, grads, sink);
  put_all(grads, model.lm_head, sink);  // wte and wpe
}

void update_adam(const SmallModel& model, float* grads, const SmallAdam& adam) {
  put_all(grads, model.size, Adam(model, adam));
}

void update_sgd(const SmallModel& model, float* grads, float learning_rate) {
  put_all(grads, model.size, Sgd{model.weights, learning_rate});
}

void add(float* sum, float* addend, std::size_t size) { put_all(addend, size, AddGradient{sum}); }

template <int C, int D>
void write_one(const SmallModel& model, float* sequence, int token, int position, float* logits) {
  write_token<C>(attention_one<C, D>, model, sequence, token, position, logits);
}

template <int C, int D>
void write_many(const SmallModel& model, SmallLanes& lanes, float inverse_temperature) {
  write_tokens<C>(attention_many<C, D>, model, lanes, inverse_temperature);
}

int choose(const SmallModel& model, float* logits, float inverse_temperature, float u) {
  return choose_token(model, logits, inverse_temperature, u);
}

template <int C, int D>
constexpr SmallKernels kKernels = {
    .lanes = kLanes,
    .scratch_size = scratch_size<C, D>,
    .transpose = transpose_matrices<C>,
    .forward = forward<C, D>,
    .backward = backward<C, D>,
    .backward_adam = backward_adam<C, D>,
    .adam = update_adam,
    .sgd = update_sgd,
    .add = add,
    .sequence_size = sequence_size<C>,
    .sequences_size = sequences_size<C>,
    .write_one = write_one<C, D>,
    .choose = choose,
    .write_many = write_many<C, D>,
};

template <int C>
const SmallKernels& kernels_for(int head_dim) {
  return head_dim == 4 ? kKernels<C, 4> : head_dim == 8 ? kKernels<C, 8> : kKernels<C, 16>;
}

}  // namespace

const SmallKernels& small_kernels(int C, int head_dim) {
  return C == 16   ? kernels_for<16>(head_dim)
         : C == 32 ? kernels_for<32>(head_dim)
                   : kernels_for<64>(head_dim);
}

}  // namespace microgpt::cpu::MICROGPT_ISA
