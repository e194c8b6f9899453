// An ablation study as a picture, and as one HTML file without scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ablation_report.h"
#include "html_text.h"
#include "message.h"

namespace microgpt {
namespace {

constexpr char kAblationStyles[] = "td, th { white-space: nowrap; }\n";

constexpr char kPictureTitle[] =
    "Held-out loss, more or less than the unchanged model's, in nats a token";

// System colors follow the light or dark of the reader.
constexpr char kPictureStyle[] = R"(
svg { background: Canvas; color-scheme: light dark; }
text { fill: CanvasText; font: 12px system-ui, sans-serif; }
path { fill: none; stroke: CanvasText; }
.g { stroke-opacity: .15; }
.i { stroke: rgb(240 120 0); stroke-width: 3; }
circle { fill: rgb(240 120 0); }
)";

// Pixels.
constexpr double kLabelWidth = 110, kPlotWidth = 480, kNumbers = 150;
constexpr double kRow = 24, kTop = 28, kPlotMargin = 12;

// 1, 2 or 5 times a power of ten, so that a range has some five of them.
double tick_step(double range) {
  const double power = std::pow(10.0, std::floor(std::log10(range / 5)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (step * power >= range / 5) return step * power;
  }
  return 10 * power;
}

class ForestPlot {
 public:
  explicit ForestPlot(const AblationReport& report)
      : report_(report), range_(range_of_differences(report)) {
    if (range_.low == range_.high) range_.high = range_.low + 1;
  }

  std::string draw() {
    const double height = bottom() + 28, width = kLabelWidth + kPlotWidth + kNumbers;
    svg_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{0}\" height=\"{1}\" "
        "viewBox=\"0 0 {0} {1}\">\n<title>{2}</title>\n<style>{3}</style>\n",
        width, height, kPictureTitle, kPictureStyle);
    draw_text(kLabelWidth, 16, "start", kPictureTitle);
    draw_ticks();
    for (std::size_t i = 1; i < report_.results.size(); ++i) draw_row(i);
    return svg_ + "</svg>\n";
  }

 private:
  double bottom() const { return kTop + kRow * static_cast<double>(report_.results.size() - 1); }
  double x_of(double difference) const {
    const double place = (difference - range_.low) / (range_.high - range_.low);
    return kLabelWidth + kPlotMargin + place * (kPlotWidth - 2 * kPlotMargin);
  }

  void draw_text(double x, double y, const char* anchor, const std::string& text) {
    svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                        anchor, html_text(text));
  }

  void draw_ticks() {
    const double step = tick_step(range_.high - range_.low);
    for (double k = std::ceil(range_.low / step); k * step <= range_.high; ++k) {
      const double x = x_of(k * step);
      svg_ += fmt::format("<path{} d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n", k == 0 ? "" : " class=\"g\"",
                          x, kTop, bottom());
      draw_text(x, bottom() + 18, "middle", k == 0 ? "0" : fmt::format("{:+.6g}", k * step));
    }
  }

  void draw_row(std::size_t i) {
    const VariantResult& result = report_.results[i];
    const Estimate& difference = result.difference;
    const double y = kTop + kRow * (static_cast<double>(i) - 0.5);
    svg_ += fmt::format("<g><title>{}</title>\n", html_text(result.variant.change));
    draw_text(kLabelWidth - 8, y + 4, "end", result.variant.name);
    if (difference.margin) {
      svg_ += fmt::format("<path class=\"i\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n",
                          x_of(difference.mean - *difference.margin), y,
                          x_of(difference.mean + *difference.margin));
    }
    if (difference.n > 0) {
      svg_ +=
          fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>\n", x_of(difference.mean), y);
    }
    draw_text(kLabelWidth + kPlotWidth + 8, y + 4, "start", difference_label(difference));
    svg_ += "</g>\n";
  }

  const AblationReport& report_;
  DifferenceRange range_;
  std::string svg_;
};

constexpr char kTableHead[] = R"(<div class="w"><table>
<tr><th>variant<th>changed<th class="n">runs<th class="n">parameters<th>train loss<th>held-out loss<th>difference<th class="n">ms to train
)";

std::string html_row(const VariantResult& result, bool is_base) {
  return fmt::format(
      "<tr><td>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td>{}<td>{}<td>{}<td "
      "class=\"n\">{:.1f}\n",
      html_text(result.variant.name), html_text(result.variant.change), result.held_out_loss.n,
      grouped(result.num_params), loss_label(result.train_loss), loss_label(result.held_out_loss),
      is_base ? "" : difference_label(result.difference), 1000 * result.seconds);
}

}  // namespace

std::string ablation_svg(const AblationReport& report) { return ForestPlot(report).draw(); }

std::string ablation_html(const AblationReport& report) {
  std::string html = html_head("What each part buys", kAblationStyles);
  html += fmt::format("<p>{}, {} documents. {}.</p>\n<div class=\"w\">{}</div>\n",
                      html_text(report.data), grouped(report.documents),
                      html_text(design_label(report)), ablation_svg(report));
  html += kTableHead;
  for (const VariantResult& result : report.results) {
    html += html_row(result, &result == &report.base());
  }
  html += fmt::format("</table></div>\n<p class=\"s\">{}</p>\n", html_text(meaning_label()));
  for (const std::string& remark : ablation_remarks(report)) {
    html += fmt::format("<p>{}</p>\n", html_text(remark));
  }
  return html + "</main>\n</html>\n";
}

}  // namespace microgpt
