// What `microgpt train` does with a training: step after step, printed, logged and saved.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "microgpt/trainer.h"
#include "output.h"
#include "progress.h"
#include "training.h"

namespace microgpt {

class TrainSession {
 public:
  // Throws Error: the run could not be saved or logged where the settings say.
  TrainSession(Training training, Output& out);

  // The lines before the first step. A run that goes on has them in its first part.
  void print_header();

  // Trains to the end, or to the first reason to stop, and saves. Saves also where it throws.
  void run();

  // Whether all steps are done.
  bool done() const { return training_.step >= settings_.train.num_steps; }

  void print_samples();
  void say_where_it_was_saved();

 private:
  bool first_edition() const { return settings_.train.edition == Edition::kFirst; }
  void note(const std::string& text);
  void note_about_data();
  bool after_step(const StepReport& report);
  void print_step(const StepReport& report);
  void log_step(const StepReport& report);
  void print_mean_loss();
  void save_after_error();
  void flush_what_can_be();

  Training training_;
  const Settings& settings_ = training_.settings;
  const std::int64_t first_step_ = training_.step;
  Output& out_;
  std::optional<OutputFile> log_;
  std::optional<Progress> progress_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace microgpt
