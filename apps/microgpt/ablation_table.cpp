// An ablation study for people, on standard output.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ablation_report.h"
#include "message.h"

namespace microgpt {
namespace {

constexpr std::size_t kPlotColumns = 72;

std::string format_result(const VariantResult& result, bool is_base) {
  const std::string line =
      fmt::format("{:<13} {:>5} {:>11} {:>11}  {:<17} {:<19} {}", result.variant.name,
                  result.held_out_loss.n, grouped(result.num_params),
                  loss_label({.n = result.train_loss.n, .mean = result.train_loss.mean}),
                  loss_label(result.held_out_loss),
                  is_base ? "" : difference_label(result.difference), result.variant.change);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

// Columns of the picture, for numbers of a range.
class PlotLine {
 public:
  explicit PlotLine(const DifferenceRange& range) : range_(range), text_(kPlotColumns, ' ') {
    put(0.0, ':');
  }

  void draw(const Estimate& difference) {
    if (difference.margin) {
      const std::size_t left = column(difference.mean - *difference.margin);
      const std::size_t right = column(difference.mean + *difference.margin);
      std::fill(text_.begin() + static_cast<std::ptrdiff_t>(left),
                text_.begin() + static_cast<std::ptrdiff_t>(right), '-');
      text_[left] = text_[right] = '|';
    }
    if (difference.n > 0) put(difference.mean, 'o');
  }

  const std::string& text() const { return text_; }

 private:
  std::size_t column(double x) const {
    const double place = (x - range_.low) / (range_.high - range_.low);
    return static_cast<std::size_t>(std::lround(place * (kPlotColumns - 1)));
  }
  void put(double x, char c) { text_[column(x)] = c; }

  DifferenceRange range_;
  std::string text_;
};

// Where the range is one number there is nothing to draw.
std::string format_plot(const AblationReport& report) {
  const DifferenceRange range = range_of_differences(report);
  if (range.low == range.high) return "";
  const std::string low = fmt::format("{:.4f}", range.low),
                    high = fmt::format("{:+.4f}", range.high);
  std::string plot =
      fmt::format("\n{:<13} {}{:>{}}\n", "difference", low, high, kPlotColumns - low.size());
  for (std::size_t i = 1; i < report.results.size(); ++i) {
    PlotLine line(range);
    line.draw(report.results[i].difference);
    plot += fmt::format("{:<13} {}\n", report.results[i].variant.name, line.text());
  }
  return plot;
}

}  // namespace

DifferenceRange range_of_differences(const AblationReport& report) {
  DifferenceRange range;
  for (const VariantResult& result : report.results) {
    const double margin = result.difference.margin.value_or(0);
    range.low = std::min(range.low, result.difference.mean - margin);
    range.high = std::max(range.high, result.difference.mean + margin);
  }
  return range;
}

std::string loss_label(const Estimate& estimate) {
  if (estimate.n == 0) return "-";
  return fmt::format("{:.4f}", estimate.mean) +
         (estimate.margin ? fmt::format(" +- {:.4f}", *estimate.margin) : "");
}

std::string difference_label(const Estimate& estimate) {
  return (estimate.n > 0 && estimate.mean >= 0 ? "+" : "") + loss_label(estimate);
}

std::string design_label(const AblationReport& report) {
  const AblationConfig& config = report.config;
  const std::uint64_t last = config.first_seed + static_cast<std::uint64_t>(config.seeds) - 1;
  return fmt::format(
      "{} steps for each of the seeds {} to {}; a seed decides which {:g} % of the different texts "
      "are held out, the order of the others and the first parameters, for all variants alike",
      grouped(static_cast<std::size_t>(report.base().variant.train.num_steps)), config.first_seed,
      last, 100 * config.held_out);
}

std::string meaning_label() {
  return "Losses are in nats a token: of the last tenth of the steps, and after training of the "
         "documents held out. The difference is that of the held-out loss to the unchanged model's "
         "with the same seed: above 0 is worse. +- is half a 95 % confidence interval of the mean.";
}

std::vector<std::string> ablation_remarks(const AblationReport& report) {
  std::vector<std::string> remarks;
  if (report.was_stopped) {
    remarks.emplace_back("It was stopped by hand: all this is of the runs that were done.");
  }
  for (const VariantResult& result : report.results) {
    if (result.diverged == 0) continue;
    remarks.push_back(fmt::format("{}: {} of {} runs diverged and are in no figure",
                                  result.variant.name, result.diverged,
                                  result.diverged + result.held_out_loss.n));
  }
  if (report.base().held_out_loss.n == 1) {
    remarks.emplace_back("One run has no confidence interval: it takes two seeds or more.");
  }
  return remarks;
}

std::string ablation_table(const AblationReport& report) {
  std::string table =
      fmt::format("data      {}, {} documents\n", printable(report.data),
                  grouped(report.documents)) +
      fmt::format("training  {}\n\n", design_label(report)) +
      fmt::format("{:<13} {:>5} {:>11} {:>11}  {:<17} {:<19} {}\n", "variant", "runs", "parameters",
                  "train loss", "held-out loss", "difference", "changed");
  for (const VariantResult& result : report.results) {
    table += format_result(result, &result == &report.base());
  }
  table += format_plot(report) + "\n" + meaning_label() + "\n";
  for (const std::string& remark : ablation_remarks(report)) table += remark + "\n";
  return table;
}

}  // namespace microgpt
