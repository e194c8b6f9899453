#include <fmt/format.h>

#include <algorithm>

#include "message.h"
#include "new_report.h"

namespace microgpt {
namespace {

constexpr double kByHeart = 0.5;  // a share of copies that is no accident
constexpr double kClear = 0.01;   // nats a token that are worth a word

// REQUIRES: whole > 0.
double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string losses_table(const NewReport& report) {
  const Baselines& b = report.baselines;
  return fmt::format(
      "held-out loss, nats a token\n"
      "  {:<22} {:.3f}\n  {:<22} {:.3f}\n  {:<22} {:.3f}\n  {:<22} {:.3f}\n  {:<22} {}\n",
      "any token as likely", b.uniform, "counts of two tokens", b.bigram, "counts of four tokens",
      b.four_gram, "this model", report.kept().loss(),
      fmt::format("mean of {} seeds", report.fits.size()), estimate_label(report.loss()));
}

std::string novelty_row(const std::string& label, const NoveltyCount& count) {
  return fmt::format(
      "  {:<22} {:>10} {:>8} {:>12} {:>8} {:>12}\n", label, grouped(count.documents),
      share_label(count.copies, count.documents), share_label(count.near_copies, count.documents),
      share_label(count.fresh(), count.documents), share_label(count.held_out, count.documents));
}

std::string writings_table(const NewReport& report) {
  std::string text =
      fmt::format("what it writes\n  {:<22} {:>10} {:>8} {:>12} {:>8} {:>12}\n", "temperature",
                  "documents", "copies", "near copies", "new", "held out");
  for (const Writing& writing : report.writings) {
    text += novelty_row(fmt::format("{}", writing.temperature), writing.count);
  }
  return text + novelty_row("the held-out documents", report.held_out_novelty);
}

std::string examples_of(const NewReport& report) {
  std::string text;
  for (const Writing& writing : report.writings) {
    text += fmt::format("at temperature {}\n", writing.temperature);
    for (const std::string& example : writing.examples) text += "  " + printable(example) + "\n";
  }
  return text;
}

}  // namespace

Estimate NewReport::loss() const {
  std::vector<double> losses;
  for (const Fit& fit : fits) losses.push_back(fit.loss());
  return estimate_mean(losses);
}

std::string estimate_label(const Estimate& estimate) {
  if (!estimate.margin) return fmt::format("{:.3f}", estimate.mean);
  return fmt::format("{:.3f} +- {:.3f}", estimate.mean, *estimate.margin);
}

std::string share_label(std::size_t part, std::size_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100 * share(part, whole));
}

std::vector<std::string> verdicts(const NewReport& report) {
  std::vector<std::string> said;
  const double loss = report.kept().loss(), counts = report.baselines.best_counts();
  const char* const what = counts < report.baselines.four_gram ? "two" : "four";
  if (loss < counts - kClear) {
    said.push_back(fmt::format(
        "The model predicts what it has not seen better than counts do: {:.3f} nats a token less "
        "than counts of {} tokens.",
        counts - loss, what));
  } else {
    said.push_back(fmt::format(
        "Counts of {} tokens predict what the model has not seen as well as it does, or better: "
        "more steps, a larger model or more data may help, or there is no more to be learned.",
        what));
  }
  for (const Writing& writing : report.writings) {
    const NoveltyCount& count = writing.count;
    if (count.documents == 0 || share(count.copies, count.documents) < kByHeart) continue;
    said.push_back(
        fmt::format("At temperature {} it writes mostly what it has learned by heart: {} "
                    "are copies of documents that it was trained on.",
                    writing.temperature, share_label(count.copies, count.documents)));
  }
  if (report.kept().stopped_early) {
    said.push_back(fmt::format(
        "Training stopped early: after step {} the held-out loss got no "
        "better.",
        grouped(static_cast<std::size_t>(report.kept().curve[report.kept().kept].step))));
  }
  if (report.was_stopped) said.push_back("It was stopped by hand: all this is of what was done.");
  if (report.split_by_rows) {
    said.push_back(
        "The split was by rows: documents that stand several times can be on both sides, "
        "and the held-out loss is then too good.");
  }
  return said;
}

std::string new_table(const NewReport& report) {
  const Config& c = report.settings.config;
  std::string text = fmt::format(
      "list         {} documents, {} different; {} to train on, {} held out, {} of them judged\n"
      "model        n_layer {}, n_embd {}, n_head {}, block_size {}, {} parameters, tokens {}\n"
      "training     {} steps kept of {}, learning rate {}\n\n",
      grouped(report.documents), grouped(report.distinct), grouped(report.trained_on),
      grouped(report.held_out), grouped(report.baselines.judged), c.n_layer, c.n_embd, c.n_head,
      c.block_size, grouped(c.num_params()), to_string(report.settings.tokens),
      grouped(static_cast<std::size_t>(report.kept().curve[report.kept().kept].step)),
      grouped(static_cast<std::size_t>(report.settings.train.num_steps)),
      report.settings.train.learning_rate);
  text += losses_table(report) + "\n" + writings_table(report) + "\n";
  for (const std::string& verdict : verdicts(report)) text += verdict + "\n";
  return text + "\n" + examples_of(report);
}

}  // namespace microgpt
