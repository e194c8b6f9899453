// Times training steps, in one process and nothing but the steps, and prints microseconds of
// processor time a step.
//   steps NAME BATCH STEPS         an engine on the default model and data/names.txt, from seed 42;
//   steps plain_loops BATCH STEPS  plain_loops.cpp on the same
//   steps NAME BATCH STEPS L C T   a model of these sizes, random sequences of T + 1 tokens
//   steps --check                  compares plain_loops' gradients with the reference engine's
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <span>
#include <string>
#include <vector>

#include "microgpt/error.h"
#include "microgpt/trainer.h"
#include "plain_loops.h"

namespace microgpt {
namespace {

// What this process has used. One thread computes; what others take from it on a machine that is
// shared does not count.
double processor_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The default run before its first step.
struct Start {
  Start() {
    dataset.shuffle(random);
    tokenizer = Tokenizer::from_dataset(dataset, Edition::kFinal);
    config.vocab_size = tokenizer.vocab_size();
    state = init_state_dict(config, train_config, random);
  }

  std::vector<std::vector<int>> documents(std::size_t count) const {
    std::vector<std::vector<int>> tokens(count);
    for (std::size_t i = 0; i < count; ++i) {
      tokenizer.encode_document(dataset[i % dataset.size()], tokens[i]);
    }
    return tokens;
  }

  plain_loops::Model plain_model() const {
    plain_loops::Model model(config.vocab_size);
    std::ranges::transform(flatten(state), model.params().begin(),
                           [](double x) { return static_cast<float>(x); });
    return model;
  }

  PythonRandom random{42};
  Dataset dataset = Dataset::read(std::string(MICROGPT_SOURCE_DIR) + "/data/names.txt");
  Tokenizer tokenizer{{}, 0};
  Config config;
  TrainConfig train_config;
  StateDict state;
};

double time_engine(const Start& start, const std::string& name, int batch, int steps) {
  const auto engine = make_engine(name, start.config);
  engine->load(start.state);
  TrainConfig config = start.train_config;
  config.num_steps = steps;
  config.batch_size = batch;
  const double begin = processor_seconds();
  train(*engine, start.config, config, start.dataset, start.tokenizer, 0,
        [](const StepReport&) { return true; });
  return processor_seconds() - begin;
}

// The documents are tokenized before the clock starts, which the engines do within a step.
double time_plain_loops(const Start& start, int batch, int steps) {
  plain_loops::Model model = start.plain_model();
  const auto documents = start.documents(static_cast<std::size_t>(batch * steps));
  float loss = 0;
  const double begin = processor_seconds();
  for (int step = 0; step < steps; ++step) {
    loss += model.loss_and_grad(documents.data() + step * batch, batch);
    model.adam_step(step, 0.01f * (1 - float(step) / float(steps)));
  }
  const double seconds = processor_seconds() - begin;
  if (!std::isfinite(loss)) throw Error("plain_loops: the loss is not finite");
  return seconds;
}

double time_sizes(const std::string& name, int batch, int steps, int L, int C, int T) {
  Config config;
  config.n_layer = L;
  config.n_embd = C;
  config.block_size = T;
  config.vocab_size = 65;
  PythonRandom random(42);
  const auto engine = make_engine(name, config);
  engine->load(init_state_dict(config, {}, random));
  std::vector<std::vector<int>> sequences(static_cast<std::size_t>(batch));
  for (auto& tokens : sequences) {
    for (int t = 0; t <= T; ++t) tokens.push_back(static_cast<int>(random.randbelow(65)));
  }
  const auto step = [&](int i) {
    engine->train_step(
        sequences,
        {.step = i, .learning_rate = 1e-4, .beta1 = 0.85, .beta2 = 0.99, .eps_adam = 1e-8});
  };
  step(0);  // what is made at the first is not measured
  const double begin = processor_seconds();
  for (int i = 1; i <= steps; ++i) step(i);
  return processor_seconds() - begin;
}

// float32 against doubles: what each tensor's largest gradient loses. Errors of principle are
// hundreds of times larger than this.
void check_plain_loops(const Start& start) {
  constexpr double kTolerance = 2e-5;
  const auto documents = start.documents(32);
  plain_loops::Model model = start.plain_model();
  const auto engine = make_engine("reference", start.config);
  engine->load(start.state);
  const double loss = engine->loss_and_grad(documents);
  const double plain_loss = model.loss_and_grad(documents.data(), 32);
  if (!(std::abs(loss - plain_loss) < kTolerance * loss)) {
    throw Error("plain_loops: loss, expected " + std::to_string(loss) + ", got " +
                std::to_string(plain_loss));
  }
  const std::vector<double> grads = engine->grads();
  std::size_t i = 0;
  for (const Tensor& tensor : start.state.params) {
    double largest = 0, error = 0;
    for (const std::size_t end = i + tensor.data.size(); i < end; ++i) {
      largest = std::max(largest, std::abs(grads[i]));
      error = std::max(error, std::abs(grads[i] - double(model.grads()[i])));
    }
    std::printf("%-16s largest gradient %.3e, error %.1e of it\n", tensor.name.c_str(), largest,
                error / largest);
    if (!(error < kTolerance * largest)) throw Error("plain_loops: wrong gradient: " + tensor.name);
  }
}

int run(const std::vector<std::string>& arguments) {
  const Start start;
  if (arguments.size() == 1 && arguments[0] == "--check") {
    check_plain_loops(start);
    return 0;
  }
  if (arguments.size() != 3 && arguments.size() != 6) {
    throw Error("usage: steps NAME BATCH STEPS [L C T] | steps --check");
  }
  const auto number = [&](std::size_t i) { return std::atoi(arguments[i].c_str()); };
  const std::string& name = arguments[0];
  const int batch = number(1), steps = number(2);
  const double seconds = arguments.size() == 6
                             ? time_sizes(name, batch, steps, number(3), number(4), number(5))
                         : name == "plain_loops" ? time_plain_loops(start, batch, steps)
                                                 : time_engine(start, name, batch, steps);
  std::printf("%.4f\n", seconds * 1e6 / steps);
  return 0;
}

}  // namespace
}  // namespace microgpt

int main(int argc, char** argv) {
  try {
    return microgpt::run({argv + 1, argv + argc});
  } catch (const microgpt::Error& error) {
    std::fprintf(stderr, "steps: %s\n", error.what());
    return 1;
  }
}
