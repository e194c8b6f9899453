// train0: count which letter follows which.
//
// The simplest language model there is, a table of pairs (bigrams). All that will stay is here
// already: documents, tokens, a loss that says how surprised the model is, steps of training, and
// new names drawn letter by letter. The rungs after this one replace the table.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <set>
#include <string>
#include <vector>

#include "microgpt/dataset.h"
#include "microgpt/random.h"

microgpt::PythonRandom rng(42);  // gives the numbers of Python's random after random.seed(42)

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;  // rows

constexpr std::size_t block_size = 16;  // the longest name that is made up

// The model: from a token to the probabilities of what comes next, as often as it came so far. All
// counts start at one, so that nothing is impossible.
Vector bigram(const Matrix& counts, std::size_t token_id) {
  double total = 0;
  for (const double count : counts[token_id]) total += count + 1;
  Vector probs;
  for (const double count : counts[token_id]) probs.push_back((count + 1) / total);
  return probs;
}

int main(int argc, char** argv) try {
  // The data: documents, here names, one a line.
  microgpt::Dataset docs = microgpt::Dataset::read(argc > 1 ? argv[1] : "input.txt");
  docs.shuffle(rng);
  std::printf("num docs: %zu\n", docs.size());

  // The tokenizer: the letters in order are the tokens 0, 1, ...; BOS marks both ends of a name.
  std::set<char> letters;
  for (std::size_t i = 0; i < docs.size(); ++i) letters.insert(docs[i].begin(), docs[i].end());
  const std::string uchars(letters.begin(), letters.end());
  const std::size_t BOS = uchars.size();
  const std::size_t vocab_size = uchars.size() + 1;
  std::printf("vocab size: %zu\n", vocab_size);

  Matrix counts(vocab_size, Vector(vocab_size));  // [token][next token]

  // Training: one document a step.
  const std::size_t num_steps = 1000;
  for (std::size_t step = 0; step < num_steps; ++step) {
    std::vector<std::size_t> tokens = {BOS};
    for (const char ch : docs[step % docs.size()]) tokens.push_back(uchars.find(ch));
    tokens.push_back(BOS);
    const std::size_t n = tokens.size() - 1;

    // The loss: the mean of -log(probability of the right next token).
    double total = 0;
    for (std::size_t pos_id = 0; pos_id < n; ++pos_id) {
      const Vector probs = bigram(counts, tokens[pos_id]);
      total = total + -std::log(probs[tokens[pos_id + 1]]);
    }
    const double loss = 1.0 / static_cast<double>(n) * total;

    // Learning: count what came after what.
    for (std::size_t pos_id = 0; pos_id < n; ++pos_id) {
      counts[tokens[pos_id]][tokens[pos_id + 1]] += 1;
    }
    std::printf("step %4zu / %4zu | loss %.4f\n", step + 1, num_steps, loss);
  }

  // Inference: new names, letter by letter, each drawn with the probability that the model gives.
  std::printf("\n--- inference (new, hallucinated names) ---\n");
  for (int sample_idx = 0; sample_idx < 20; ++sample_idx) {
    std::string sample;
    std::size_t token_id = BOS;
    for (std::size_t pos_id = 0; pos_id < block_size; ++pos_id) {
      token_id = rng.choices(bigram(counts, token_id));
      if (token_id == BOS) break;
      sample += uchars[token_id];
    }
    std::printf("sample %2d: %s\n", sample_idx + 1, sample.c_str());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\nusage: %s [FILE of one name a line, else input.txt]\n", error.what(),
               argv[0]);
  return 1;
}
