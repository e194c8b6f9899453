// The kernels of the engine `cpu` one by one, and its steps and decoders for larger models.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "cpu/kernels.h"
#include "microgpt/engine.h"

namespace microgpt::cpu {
namespace {

using Floats = std::vector<float>;

Floats random_floats(std::size_t n) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  Floats x(n);
  for (float& value : x) value = uniform(random);
  return x;
}

void set_rate(benchmark::State& state, const std::string& name, double each) {
  state.counters[name] = benchmark::Counter(each, benchmark::Counter::kIsIterationInvariantRate);
}

// ---- Kernels ----

// The three products of a layer with weights (N, K) and M tokens.
enum class Product { kForward, kInputGrad, kWeightGrad };

void BM_Matmul(benchmark::State& state, Product product, std::size_t M, std::size_t N,
               std::size_t K) {
  Floats x = random_floats(M * K), w = random_floats(N * K), y = random_floats(M * N);
  Floats scratch(kMatmulScratch);
  Matmul m;
  switch (product) {
    case Product::kForward:
      m = {.M = M, .N = N, .K = K, .a = row_major(x.data(), K), .b = transposed(w.data(), K)};
      m.c = y.data();
      break;
    case Product::kInputGrad:
      m = {.M = M, .N = K, .K = N, .a = row_major(y.data(), N), .b = row_major(w.data(), K)};
      m.c = x.data();
      break;
    case Product::kWeightGrad:
      m = {.M = N, .N = K, .K = M, .a = transposed(y.data(), N), .b = row_major(x.data(), K)};
      m.c = w.data();
      break;
  }
  m.ldc = m.N;
  const Kernels& kernels = kernels_for(choose_isa());
  for (auto _ : state) {
    kernels.matmul(m, scratch.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "FLOP/s", 2.0 * static_cast<double>(M * N * K));
}

// All heads of one sequence of T tokens; FLOPs as if nothing were masked.
void BM_Attention(benchmark::State& state, bool backward, std::size_t T, std::size_t C,
                  std::size_t H) {
  const std::size_t D = C / H;
  Floats qkv = random_floats(T * 3 * C + kColTile), out(T * C + kColTile), dqkv = qkv;
  Floats dout = random_floats(out.size()), scratch(attention_scratch(T, D));
  std::vector<Softmax> softmax(H * T);
  const Kernels& kernels = kernels_for(choose_isa());
  const auto head = [&](std::size_t h) {
    const float* q = qkv.data() + h * D;
    return Attention{.T = T,
                     .head_dim = D,
                     .q = q,
                     .k = q + C,
                     .v = q + 2 * C,
                     .ldq = 3 * C,
                     .ldk = 3 * C,
                     .ldv = 3 * C,
                     .out = out.data() + h * D,
                     .ldout = C,
                     .softmax = softmax.data() + h * T};
  };
  for (std::size_t h = 0; h < H; ++h) kernels.attention(head(h), scratch.data());
  for (auto _ : state) {
    for (std::size_t h = 0; h < H; ++h) {
      if (backward) {
        float* dq = dqkv.data() + h * D;
        kernels.attention_backward(head(h), dout.data() + h * D, dq, dq + C, dq + 2 * C, 3 * C,
                                   scratch.data());
      } else {
        kernels.attention(head(h), scratch.data());
      }
    }
  }
  set_rate(state, "FLOP/s", (backward ? 8.0 : 4.0) * static_cast<double>(T * T * C));
}

constexpr std::size_t kRows = 1024, kChannels = 128;

void BM_RmsNorm(benchmark::State& state, bool backward) {
  Floats x = random_floats(kRows * kChannels), y = x, dx = x, scale(kRows);
  const Kernels& kernels = kernels_for(choose_isa());
  for (auto _ : state) {
    if (backward) {
      kernels.rmsnorm_backward(dx.data(), x.data(), y.data(), scale.data(), kRows, kChannels);
    } else {
      kernels.rmsnorm(y.data(), scale.data(), x.data(), kRows, kChannels);
    }
    benchmark::ClobberMemory();
  }
  set_rate(state, "floats/s", kRows * kChannels);
}

void BM_CrossEntropy(benchmark::State& state, std::size_t V) {
  constexpr std::size_t M = 64;
  Floats logits = random_floats(M * V), losses(M);
  const std::vector<int> targets(M, 1);
  const Kernels& kernels = kernels_for(choose_isa());
  for (auto _ : state) {
    kernels.cross_entropy(losses.data(), logits.data(), targets.data(), 1.0f, M, V);
    benchmark::ClobberMemory();
  }
  set_rate(state, "floats/s", static_cast<double>(M * V));
}

void BM_Adam(benchmark::State& state, std::size_t n) {
  Floats params = random_floats(n), m = params, v(n, 0.01f), grads = params;
  const Kernels& kernels = kernels_for(choose_isa());
  const AdamConstants constants{0.85f, 0.15f, 0.99f, 0.01f, 1.0f, 1.0f, 1e-3f, 1e-8f};
  for (auto _ : state) {
    kernels.adam(params.data(), m.data(), v.data(), grads.data(), constants, n);
    benchmark::ClobberMemory();
  }
  set_rate(state, "floats/s", static_cast<double>(n));
}

// ---- Whole models ----

struct Model {
  int n_layer, n_head, n_embd, vocab_size, block_size;

  Config config() const { return {n_layer, n_embd, block_size, n_head, vocab_size, {}}; }

  std::unique_ptr<Engine> engine(int threads) const {
    auto engine = make_engine("cpu", config(), {.threads = threads});
    PythonRandom random(1);
    engine->load(init_state_dict(config(), {.init_std = 0.02}, random));
    return engine;
  }

  std::vector<int> tokens(int n) const {
    std::vector<int> tokens;
    for (int i = 0; i < n; ++i) tokens.push_back((i * 7919 + i / 3) % vocab_size);
    return tokens;
  }

  std::string name() const {
    return fmt::format("L{}_H{}_C{}_V{}_T{}", n_layer, n_head, n_embd, vocab_size, block_size);
  }
};

void BM_TrainStep(benchmark::State& state, const Model& model, int batch_size, int threads) {
  const auto engine = model.engine(threads);
  const std::vector<std::vector<int>> batch(static_cast<std::size_t>(batch_size),
                                            model.tokens(model.block_size + 1));
  std::int64_t step = 0;
  for (auto _ : state) {
    engine->train_step(
        batch,
        {.step = step++, .learning_rate = 1e-4, .beta1 = 0.85, .beta2 = 0.99, .eps_adam = 1e-8});
  }
  set_rate(state, "tokens/s", batch_size * model.block_size);
}

void BM_Decode(benchmark::State& state, const Model& model, int threads) {
  const auto engine = model.engine(threads);
  const auto decoder = engine->new_decoder();
  const std::vector<int> tokens = model.tokens(model.block_size);
  std::vector<double> logits(static_cast<std::size_t>(model.vocab_size));
  std::size_t position = 0;
  for (auto _ : state) {
    if (position == tokens.size()) {
      decoder->rewind(0);
      position = 0;
    }
    decoder->forward({&tokens[position++], 1}, logits);
  }
  set_rate(state, "tokens/s", 1);
}

void BM_Prefill(benchmark::State& state, const Model& model, int threads) {
  const auto engine = model.engine(threads);
  const auto decoder = engine->new_decoder();
  const std::vector<int> tokens = model.tokens(model.block_size);
  std::vector<double> logits(static_cast<std::size_t>(model.vocab_size));
  for (auto _ : state) {
    decoder->rewind(0);
    decoder->forward(tokens, logits);
  }
  set_rate(state, "tokens/s", model.block_size);
}

// ---- All of them ----

const bool kRegistered = [] {
  const auto add = [](const std::string& name, auto... arguments) {
    return benchmark::RegisterBenchmark(("cpu/" + name).c_str(), arguments...);
  };
  struct Shape {
    std::size_t M, N, K;
  };
  for (const auto& [M, N, K] : {Shape{256, 512, 128}, {1024, 512, 128}, {1024, 1536, 384}}) {
    const std::string shape = fmt::format("/{}x{}x{}", M, N, K);
    add("matmul_forward" + shape, BM_Matmul, Product::kForward, M, N, K);
    add("matmul_input_grad" + shape, BM_Matmul, Product::kInputGrad, M, N, K);
    add("matmul_weight_grad" + shape, BM_Matmul, Product::kWeightGrad, M, N, K);
  }
  for (const auto& [T, C, H] : {Shape{64, 128, 4}, {256, 128, 4}, {256, 384, 6}, {1024, 384, 6}}) {
    const std::string shape = fmt::format("/T{}_C{}_H{}", T, C, H);
    add("attention" + shape, BM_Attention, false, T, C, H);
    add("attention_backward" + shape, BM_Attention, true, T, C, H);
  }
  add("rmsnorm", BM_RmsNorm, false);
  add("rmsnorm_backward", BM_RmsNorm, true);
  for (const std::size_t V : {65, 4096})
    add(fmt::format("cross_entropy/V{}", V), BM_CrossEntropy, V);
  add("adam/in_cache", BM_Adam, std::size_t{1} << 14);
  add("adam/in_memory", BM_Adam, std::size_t{10'000'000});
  for (const int threads : {1, 2}) {
    const auto step = [&](const Model& model, int batch_size) {
      add(fmt::format("train_step/{}_B{}/threads:{}", model.name(), batch_size, threads),
          BM_TrainStep, model, batch_size, threads)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    };
    step({4, 4, 128, 65, 64}, 12);
    step({4, 4, 128, 65, 256}, 4);
    step({6, 6, 384, 65, 256}, 4);
    step({4, 4, 128, 50257, 64}, 4);
    const Model decoding{6, 6, 288, 32000, 256};
    add(fmt::format("decode/{}/threads:{}", decoding.name(), threads), BM_Decode, decoding, threads)
        ->UseRealTime();
    add(fmt::format("prefill/{}/threads:{}", decoding.name(), threads), BM_Prefill, decoding,
        threads)
        ->UseRealTime();
  }
  return true;
}();

}  // namespace
}  // namespace microgpt::cpu
