#include "train_session.h"

#include <fmt/format.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <system_error>
#include <utility>

#include "interrupt.h"
#include "message.h"
#include "microgpt/error.h"
#include "microgpt/sampler.h"

namespace microgpt {
namespace {

// Cuts off what a log has of later steps than the last saved one, and a line that a killed process
// left unfinished: the resumed run writes them again.
// Throws Error: the file holds something else than a log, which would be lost.
void cut_log(const std::string& path, std::int64_t last_step) {
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path) || !file) return;
  std::uintmax_t keep = 0;
  bool later = false;
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kBegin = R"({"step": )";
    std::int64_t step = 0;
    const bool unfinished = file.eof();
    if (std::string_view(line).substr(0, kBegin.size()) != kBegin.substr(0, line.size()) ||
        (!unfinished && std::sscanf(line.c_str() + kBegin.size(), "%" SCNd64 ",", &step) != 1)) {
      throw Error(fmt::format("--log {}: is no log of a run, expected one to go on with", path));
    }
    later = later || unfinished || step > last_step;
    if (!later) keep += line.size() + 1;
  }
  file.close();
  std::filesystem::resize_file(path, keep);
}

}  // namespace

TrainSession::TrainSession(Training training, Output& out)
    : training_(std::move(training)), out_(out) {
  if (settings_.train.num_steps < first_step_) {
    throw Error(fmt::format("num_steps: expected at least the {} steps that are done, got {}",
                            first_step_, settings_.train.num_steps));
  }
  if (settings_.stop_after > 0 && settings_.stop_after <= first_step_) {
    throw Error(fmt::format("stop_after: expected more than the {} steps that are done, got {}",
                            first_step_, settings_.stop_after));
  }
  prepare_folder(settings_.out);
  if (!settings_.log.empty() && first_step_ > 0) cut_log(settings_.log, first_step_);
  if (!settings_.log.empty()) log_.emplace(OutputFile::open(settings_.log, first_step_ > 0));
  note_about_data();
}

void TrainSession::note(const std::string& text) {
  if (settings_.quiet) return;
  out_.flush();
  print_note(text);
}

void TrainSession::note_about_data() {
  const Dataset& dataset = training_.data.dataset;
  note(fmt::format("data: {}", training_.data.origin));
  const DataRemarks remarks = look_at(dataset, training_.tokenizer, settings_.config.block_size);
  if (remarks.byte_order_mark) {
    note("the data has a byte-order mark (U+FEFF); it is kept as a letter, as Python does");
  }
  if (remarks.long_documents == 0) return;
  note(fmt::format(
      "{} of {} documents are too long for block_size {}: only the first {} predictions of each "
      "are learned; --block-size {} takes all",
      remarks.long_documents, dataset.size(), settings_.config.block_size,
      settings_.config.block_size, remarks.longest + 1));
}

void TrainSession::print_header() {
  if (first_step_ > 0) return;
  const std::size_t docs = training_.data.dataset.size();
  const Config& config = settings_.config;
  if (first_edition()) {
    out_.write(fmt::format("vocab size: {}, num docs: {}\n", config.vocab_size, docs));
  } else {
    out_.write(fmt::format("num docs: {}\nvocab size: {}\n", docs, config.vocab_size));
  }
  out_.write(fmt::format("num params: {}\n", config.num_params()));
}

void TrainSession::run() {
  if (first_step_ > 0 && done()) {
    note(fmt::format("all {} steps are done; --num-steps N trains to step N", first_step_));
  }
  progress_.emplace(out_, first_step_, settings_.train.num_steps, settings_.quiet);
  try {
    train(*training_.engine, settings_.config, settings_.train, training_.data.dataset,
          training_.tokenizer, first_step_,
          [this](const StepReport& report) { return after_step(report); });
    progress_.reset();
    out_.flush();
    if (log_) log_->flush();
  } catch (const DivergedError&) {
    flush_what_can_be();
    note("the run stays as it was last saved; --save-every N saves now and then");
    throw;
  } catch (const Error&) {
    flush_what_can_be();
    save_after_error();
    throw;
  } catch (const BrokenPipe&) {
    flush_what_can_be();
    save_training(training_);
    throw;
  }
  save_training(training_);
}

// Before another failure is reported: one more has nothing to add to it.
void TrainSession::flush_what_can_be() {
  progress_.reset();
  const auto flush = [](Output& output) {
    try {
      output.flush();
    } catch (const Error&) {
    } catch (const BrokenPipe&) {
    }
  };
  flush(out_);
  if (log_) flush(*log_);
}

// What went wrong first is what counts, so that a second failure is only mentioned.
void TrainSession::save_after_error() {
  if (training_.step == first_step_) return;
  try {
    save_training(training_);
    say_where_it_was_saved();
  } catch (const Error& error) {
    print_error(fmt::format("the run can't be saved: {}", error.what()));
  }
}

bool TrainSession::after_step(const StepReport& report) {
  training_.step = report.step;
  training_.add_loss(report.loss);
  print_step(report);
  if (log_) log_step(report);
  if (progress_->step(report) && log_) log_->flush();
  if (settings_.save_every > 0 && report.step % settings_.save_every == 0) {
    if (log_) log_->flush();  // a run that is resumed here finds its log whole
    save_training(training_);
  }
  return caught_interrupt() == 0 && report.step != settings_.stop_after;
}

void TrainSession::print_step(const StepReport& report) {
  const std::int64_t steps = settings_.train.num_steps;
  if (first_edition()) {
    out_.write(fmt::format("step {} / {} | loss {:.4f}\n", report.step, steps, report.loss));
  } else {
    out_.write(fmt::format("step {:4} / {:4} | loss {:.4f}\n", report.step, steps, report.loss));
  }
}

void TrainSession::log_step(const StepReport& report) {
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  log_->write(fmt::format(
      R"({{"step": {}, "loss": {}, "learning_rate": {}, "tokens": {}, "seconds": {:.6f}}})"
      "\n",
      report.step, report.loss, report.learning_rate, report.tokens, seconds.count()));
}

void TrainSession::print_samples() {
  out_.write(first_edition() ? "\n--- generation ---\n"
                             : "\n--- inference (new, hallucinated names) ---\n");
  int i = 0;
  const auto print = [&](std::string_view text) {
    if (first_edition()) {
      out_.write(fmt::format("sample {}: {}\n", i, text));
    } else {
      out_.write(fmt::format("sample {:2}: {}\n", i + 1, text));
    }
    return ++i < settings_.num_samples && caught_interrupt() == 0;
  };
  const Engine& engine = *training_.engine;
  const SampleConfig how{.temperature = settings_.temperature};
  if (has_own_streams(engine)) {
    generate_many(engine, settings_.config, training_.tokenizer, how, "", settings_.train.seed,
                  settings_.num_samples, print);
  } else if (settings_.num_samples > 0) {
    const auto decoder = engine.new_decoder();
    while (
        print(generate(*decoder, settings_.config, training_.tokenizer, how, "", training_.random)
                  .text)) {
    }
  }
  if (first_edition() && caught_interrupt() == 0) print_mean_loss();
  out_.flush();
}

// Python's sum goes from the first on, starting at 0.
void TrainSession::print_mean_loss() {
  const auto& losses = training_.last_losses;
  if (losses.empty()) return;
  const double sum = std::accumulate(losses.begin(), losses.end(), 0.0);
  out_.write(
      fmt::format("mean loss last 50 steps: {:.4f}\n", sum / static_cast<double>(losses.size())));
}

void TrainSession::say_where_it_was_saved() {
  const std::string folder = shell_quoted(settings_.out);
  if (done()) {
    note(fmt::format("saved in {}; microgpt sample {} makes more", folder, folder));
  } else {
    note(fmt::format("saved in {} after step {} of {}; to go on: microgpt train --resume {}",
                     folder, training_.step, settings_.train.num_steps, folder));
  }
}

}  // namespace microgpt
