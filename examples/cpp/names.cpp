// Learns from a file, one document a line, and invents what is like it: usage: names FILE
#include <microgpt/checkpoint.h>
#include <microgpt/dataset.h>
#include <microgpt/engine.h>
#include <microgpt/error.h>
#include <microgpt/sampler.h>
#include <microgpt/trainer.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

using namespace microgpt;

namespace {

// The 1,000 steps of microgpt.py, with its numbers.
Model train_on(const std::string& path) {
  const TrainConfig how = default_train_config(Edition::kFinal);
  PythonRandom random(how.seed);
  Dataset documents = Dataset::read(path);
  documents.shuffle(random);
  Tokenizer tokenizer = Tokenizer::from_dataset(documents, how.edition);
  Config config = default_config(how.edition);
  config.vocab_size = tokenizer.vocab_size();

  const auto engine = make_engine("exact", config);
  engine->load(init_state_dict(config, how, random));
  train(*engine, config, how, documents, tokenizer, 0, [](const StepReport& report) {
    if (report.step % 250 == 0) std::cout << report.step << ": loss " << report.loss << '\n';
    return true;
  });
  return {config, std::move(tokenizer), engine->state_dict(), std::nullopt};
}

void print_samples(const Model& model, int count) {
  const auto engine = make_engine("exact", model.config);
  engine->load(model.state);
  const auto decoder = engine->new_decoder();
  PythonRandom random(42);
  for (int i = 0; i < count; ++i) {
    const Sample sample = generate(*decoder, model.config, model.tokenizer, {}, "", random);
    std::cout << sample.text << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw Error("usage: names FILE");
  print_samples(train_on(argv[1]), 10);
  return 0;
} catch (const Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
