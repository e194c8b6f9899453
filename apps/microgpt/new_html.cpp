// What `microgpt new` made of a list as one HTML file without scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "html_text.h"
#include "message.h"
#include "new_report.h"

namespace microgpt {
namespace {

constexpr char kNewStyles[] = R"(td.n { white-space: nowrap; }
.c { column-width: 10rem; }
svg text { fill: CanvasText; font: 12px system-ui, sans-serif; }
svg path { fill: none; stroke: CanvasText; stroke-width: 1.5; }
svg .g { stroke-opacity: .15; stroke-width: 1; }
svg .t { stroke: rgb(80 130 220); }
svg .h { stroke: rgb(240 120 0); }
svg circle { fill: rgb(240 120 0); }
)";

// Pixels.
constexpr double kCurvesWidth = 640, kCurvesHeight = 260, kLeft = 46, kBottom = 32, kRight = 110;

// The curves of all seeds, between the losses that occur in them.
class Curves {
 public:
  explicit Curves(const NewReport& report) : report_(report) {
    for (const Fit& fit : report.fits) {
      for (const FitPoint& point : fit.curve) {
        low_ = std::min({low_, point.train_loss, point.held_out_loss});
        high_ = std::max({high_, point.train_loss, point.held_out_loss});
        last_step_ = std::max(last_step_, static_cast<double>(point.step));
      }
    }
    low_ = std::min(low_, report.baselines.best_counts());
    high_ = std::max(high_, report.baselines.best_counts());
    if (high_ <= low_) high_ = low_ + 1;
  }

  std::string draw() {
    svg_ = fmt::format(
        "<div class=\"w\"><svg role=\"img\" aria-label=\"Losses while training\" width=\"{0}\" "
        "height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
        kCurvesWidth, kCurvesHeight);
    draw_axes();
    for (std::size_t i = 0; i < report_.fits.size(); ++i) {
      draw_curve(report_.fits[i], "t", &FitPoint::train_loss);
      draw_curve(report_.fits[i], "h", &FitPoint::held_out_loss);
    }
    const FitPoint& kept = report_.kept().curve[report_.kept().kept];
    svg_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"><title>kept: step {}, {:.3f}"
        "</title></circle>\n",
        x_of(static_cast<double>(kept.step)), y_of(kept.held_out_loss), kept.step,
        kept.held_out_loss);
    draw_level("counts alone", report_.baselines.best_counts());
    return svg_ +
           "</svg></div>\n<p class=\"s\">Loss in nats a token, by step: blue of the documents "
           "trained on, orange of those held out, one pair of lines a seed. The dot is the "
           "model that is kept.</p>\n";
  }

 private:
  double x_of(double step) const {
    return kLeft + step / last_step_ * (kCurvesWidth - kLeft - kRight);
  }
  double y_of(double loss) const {
    return 10 + (high_ - loss) / (high_ - low_) * (kCurvesHeight - kBottom - 10);
  }

  void draw_axes() {
    for (int i = 0; i <= 4; ++i) {
      const double loss = low_ + (high_ - low_) * i / 4, step = std::round(last_step_ * i / 4);
      svg_ += fmt::format(
          "<path class=\"g\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" "
          "text-anchor=\"end\">{:.2f}</text>\n",
          kLeft, y_of(loss), kCurvesWidth - kRight, kLeft - 6, y_of(loss) + 4, loss);
      svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.0f}</text>\n",
                          x_of(step), kCurvesHeight - 10, step);
    }
  }

  void draw_curve(const Fit& fit, const char* kind, double FitPoint::*loss) {
    std::string line;
    for (const FitPoint& point : fit.curve) {
      line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L",
                          x_of(static_cast<double>(point.step)), y_of(point.*loss));
    }
    svg_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", kind, line);
  }

  void draw_level(const char* name, double loss) {
    svg_ += fmt::format(
        "<path stroke-dasharray=\"4 4\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" "
        "y=\"{:.1f}\">{}</text>\n",
        kLeft, y_of(loss), kCurvesWidth - kRight, kCurvesWidth - kRight + 6, y_of(loss) + 4, name);
  }

  const NewReport& report_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = 0;
  double last_step_ = 1;
  std::string svg_;
};

std::string losses_html(const NewReport& report) {
  const auto row = [](const std::string& name, const std::string& value) {
    return fmt::format("<tr><td>{}<td class=\"n\">{}\n", name, value);
  };
  const Baselines& b = report.baselines;
  return "<h2>How well it predicts what it has not seen</h2>\n<div "
         "class=\"w\"><table>\n<tr><th><th "
         "class=\"n\">nats a token\n" +
         row("every token as likely", fmt::format("{:.3f}", b.uniform)) +
         row("counts of two tokens", fmt::format("{:.3f}", b.bigram)) +
         row("counts of four tokens", fmt::format("{:.3f}", b.four_gram)) +
         row("this model", fmt::format("{:.3f}", report.kept().loss())) +
         row(fmt::format("mean of {} seeds, 95 % interval", report.fits.size()),
             estimate_label(report.loss())) +
         fmt::format(
             "</table></div>\n<p class=\"s\">Of {} of the documents held out. The model is the "
             "best by the same documents, of all that were judged while training, so of others "
             "its loss is a little higher.</p>\n",
             grouped(report.baselines.judged));
}

std::string novelty_html(const std::string& label, const NoveltyCount& count) {
  return fmt::format(
      "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td "
      "class=\"n\">{}\n",
      label, grouped(count.documents), share_label(count.copies, count.documents),
      share_label(count.near_copies, count.documents), share_label(count.fresh(), count.documents),
      share_label(count.held_out, count.documents));
}

std::string writings_html(const NewReport& report) {
  std::string html =
      "<h2>What it writes</h2>\n<div class=\"w\"><table>\n<tr><th>temperature<th "
      "class=\"n\">documents<th class=\"n\">copies<th class=\"n\">near copies<th "
      "class=\"n\">new<th class=\"n\">found in the held out\n";
  for (const Writing& writing : report.writings) {
    html += novelty_html(fmt::format("{}", writing.temperature), writing.count);
  }
  html += novelty_html("the held-out documents", report.held_out_novelty);
  html +=
      "</table></div>\n<p class=\"s\">A copy is a document that the model was trained on; a near "
      "copy is one after a letter was added, dropped, replaced or moved. The last row says how "
      "near to each other the documents of this list are.</p>\n";
  for (const Writing& writing : report.writings) {
    html += fmt::format("<h3>At temperature {}</h3>\n<p class=\"c\" dir=\"auto\">",
                        writing.temperature);
    for (const std::string& example : writing.examples) html += html_text(example) + "<br>\n";
    html += "</p>\n";
  }
  return html;
}

std::string settings_html(const NewReport& report) {
  std::string html =
      "<h2>Settings</h2>\n<div class=\"w\"><table>\n<tr><th>setting<th>value<th>why\n";
  for (const auto& reason : report.reasons) {
    html += fmt::format("<tr><td>{}<td>{}<td>{}\n", html_text(reason.setting),
                        html_text(reason.value), html_text(reason.why));
  }
  return html + "</table></div>\n";
}

}  // namespace

std::string new_html(const NewReport& report) {
  std::string html = html_head("A model for " + report.data, kNewStyles);
  html += fmt::format(
      "<p>{} documents, {} different. {} to train on, {} held "
      "out{}.</p>\n<ul>\n",
      grouped(report.documents), grouped(report.distinct), grouped(report.trained_on),
      grouped(report.held_out), report.split_by_rows ? "" : ", no text on both sides");
  for (const std::string& verdict : verdicts(report)) {
    html += fmt::format("<li>{}\n", html_text(verdict));
  }
  html += "</ul>\n" + Curves(report).draw() + losses_html(report) + writings_html(report) +
          settings_html(report);
  return html + "</main>\n</html>\n";
}

}  // namespace microgpt
