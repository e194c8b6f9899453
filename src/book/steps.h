// What the book's placeholders can name: the numbers of a few steps, and facts about them.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/trace.h"

namespace microgpt {

// Texts, or numbers with their gradients.
struct Facts {
  std::vector<std::size_t> shape = {};
  std::vector<double> data = {};
  std::vector<double> grad = {};  // empty where there is none
  std::vector<std::string> texts = {};
  std::size_t first = 0;  // the index of the first one
};

inline Facts number(double x) { return {.data = {x}}; }

using FactTable = std::map<std::string, Facts, std::less<>>;

class BookSteps {
 public:
  explicit BookSteps(std::string documents) : documents_(std::move(documents)) {}

  // See BookNumbers::follow.
  void follow(const std::string& text);
  void follow(const Model& model, const std::optional<OptimizerStep>& update,
              const std::string& text);
  bool follows_other() const { return followed_text_.has_value(); }

  // scene: "" for the step that is followed, "toy" or "trained".
  // Throws Error: there is no such scene, no training is known of the model that is followed, or
  // the scene has nothing of that name.
  Facts look_up(std::string_view scene, std::string_view name);
  const Trace& trace(std::string_view scene) { return step(scene).trace; }

 private:
  // All of microgpt.py on the documents.
  struct Run {
    Model untrained, trained;
    std::string document;  // of the first step
    FactTable facts;
  };

  struct Step {
    Trace trace;
    FactTable facts;
  };

  static Run make_run(const std::string& documents);
  static Step make_step(const Model& model, const std::optional<OptimizerStep>& update,
                        const std::string& text, std::span<const int> tokens);
  Step make_step(std::string_view scene);
  const Run& run();
  const Step& step(std::string_view scene);
  const std::string& text() { return followed_text_ ? *followed_text_ : run().document; }

  std::string documents_;
  std::optional<std::string> followed_text_;
  bool follows_model_ = false;
  std::optional<Run> run_;
  std::map<std::string, Step, std::less<>> steps_;
};

}  // namespace microgpt
