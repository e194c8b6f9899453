// microgpt.py once more, as a port writes it: plain, and able to make mistakes.
//
// It shares no arithmetic with the engines, so that they prove each other: without a mistake it has
// their bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conform/mistake.h"
#include "conform/run.h"
#include "conform/tape.h"
#include "microgpt/conform.h"
#include "microgpt/random.h"

namespace microgpt::conform {

// The recipe as a port takes it that makes these mistakes.
Recipe misread(Recipe recipe, const Mistakes& mistakes);

// The generator as a port has it.
class PortRandom {
 public:
  PortRandom(std::uint64_t seed, const Mistakes& mistakes);

  double random();
  double gauss(double sigma);
  std::vector<std::size_t> shuffled(std::size_t count);
  std::size_t choose(const std::vector<double>& weights);

  const PythonRandom& python() const { return random_; }
  void set_python(const PythonRandom& random) { random_ = random; }

 private:
  Mistakes mistakes_;
  PythonRandom random_;
};

class Port final : public Run {
 public:
  Port(const Recipe& recipe, const Corpus& corpus, const Mistakes& mistakes);

  double step(bool traced) override;
  const std::vector<Named>& trace() const override { return trace_; }
  std::vector<Named> params() override;
  std::vector<std::string> samples(int count) override;
  PythonRandom random() const override { return random_.python(); }

  // Goes on from where another run is.
  void take_over(Run& run);

 private:
  using Vector = std::vector<Var>;
  using Vectors = std::vector<Vector>;

  // A matrix of parameters, which stand first on the tape.
  struct Matrix {
    std::string name;
    std::size_t rows, cols;
    double std;
    std::size_t first = 0;
  };

  struct Traced {
    std::string name;
    Vector values;
  };

  bool makes(Mistake mistake) const { return mistakes_.has(mistake); }

  std::vector<Matrix> table() const;
  void init();
  void draw(const Matrix& matrix);
  const Matrix& matrix(const std::string& name) const;
  const Matrix& layer_matrix(std::size_t li, const char* name) const;
  Vector row(const Matrix& matrix, std::size_t index);

  std::vector<int> document(std::int64_t step) const;
  void note(std::size_t pos, const std::string& name, const Vector& values);

  Var sum(const Vector& terms);
  Var dot(const Vector& a, const Vector& b);
  Vector linear(const Vector& x, const Matrix& matrix);
  Vector softmax(const Vector& logits, bool without_sum, std::size_t pos, const std::string& name);
  Vector rmsnorm(const Vector& x, std::size_t pos, const std::string& name);
  Vector residual(const Vector& x, const Vector& before);
  Vector slice(const Vector& x, std::size_t head) const;
  Vector head(const Vector& q, const Vectors& keys, const Vectors& values, std::size_t newest,
              std::size_t pos, const std::string& name);

  Vectors embed(const std::vector<int>& tokens, std::size_t n);
  void attention_block(std::size_t li, Vectors& x);
  void mlp_block(std::size_t li, Vectors& x);
  Vectors gpt(const std::vector<int>& tokens, std::size_t n);
  Vectors mlp(const std::vector<int>& tokens, std::size_t n);
  Vectors logits(const std::vector<int>& tokens, std::size_t n);

  Var forward(const std::vector<int>& tokens, double& printed);
  double bigram_step(const std::vector<int>& tokens);
  std::vector<double> next_probs(const std::vector<int>& tokens);
  void update();
  double adam(std::size_t i, double grad, double rate);
  void keep_trace();
  void finish();

  const Recipe recipe_;
  const Mistakes mistakes_;
  const Corpus& corpus_;
  const Tokenizer& tokenizer_;
  PortRandom random_;
  std::vector<std::size_t> order_;  // of the documents
  Tape tape_;
  std::vector<Matrix> matrices_;
  std::size_t num_params_ = 0;
  std::int64_t step_ = 0;
  std::vector<double> m_, v_;
  std::vector<Vectors> keys_, values_;       // [layer][position]
  std::vector<std::vector<double>> counts_;  // of a bigram

  std::optional<Var> waiting_;  // the loss of a step that is not finished
  double loss_ = 0;             // to be shown
  bool traced_ = false;
  std::vector<std::vector<Traced>> notes_;  // [position], of the step under way
  std::vector<Named> trace_;
};

}  // namespace microgpt::conform
