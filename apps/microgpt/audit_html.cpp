// An audit as one HTML file, without scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "audit_report.h"
#include "html_text.h"
#include "message.h"

namespace microgpt {
namespace {

// System colors follow the light or dark of the reader.
constexpr char kAuditStyles[] =
    R"(h2 { border-top: 2px solid; margin-top: 2.5rem; padding-top: .5rem; }
.big { font-size: 1.6rem; }
td, th { white-space: nowrap; }
svg text { fill: CanvasText; font: 11px ui-monospace, monospace; text-anchor: middle; }
svg rect { fill: rgb(240 120 0); }
svg .e { fill: CanvasText; }
i { background: rgb(240 120 0); display: block; height: .8rem; margin-top: .3rem; }
)";

constexpr std::size_t kBars = 25;       // worst prefixes
constexpr std::size_t kMostNames = 50;  // of the training data

class AuditPage {
 public:
  explicit AuditPage(const AuditReport& report) : report_(report), audit_(report.audit) {}

  std::string write() {
    write_head();
    write_attacks();
    if (audit_.lengths.size() >= 2) write_map();
    if (!audit_.lengths.empty()) write_worst();
    write_witnesses();
    write_cost();
    write_data();
    html_ += "</main>\n</html>\n";
    return std::move(html_);
  }

 private:
  std::string word(std::size_t index) const { return html_text(report_.word(index)); }
  void heading(const std::string& title) { html_ += fmt::format("<h2>{}</h2>\n", title); }
  void begin_table(std::initializer_list<const char*> names);
  void end_table() { html_ += "</table></div>\n"; }
  void write_head();
  void write_attacks();
  void write_map();
  void write_cell(std::size_t row, std::size_t column, const AuditedPrefix& prefix);
  void write_worst();
  void write_witnesses();
  void write_cost();
  void write_data();

  const AuditReport& report_;
  const Audit& audit_;
  std::string html_;
};

// A name that begins with # is of a column of numbers.
void AuditPage::begin_table(std::initializer_list<const char*> names) {
  html_ += "<div class=\"w\"><table>\n<tr>";
  for (const std::string_view name : names) {
    const bool number = name.starts_with('#');
    html_ += fmt::format("<th{}>{}", number ? " class=\"n\"" : "", name.substr(number ? 1 : 0));
  }
  html_ += "\n";
}

std::string number(double x) { return fmt::format("<td class=\"n\">{:.3g}", x); }

void AuditPage::write_head() {
  html_ = html_head(fmt::format("Audit of {} by the policy {}", report_.model, report_.policy.name),
                    kAuditStyles);
  html_ += fmt::format(
      "<p>How likely the model is to say {}, at temperature {}: computed, not sampled. The policy "
      "has {} words; the model's letters can write {} of them.</p>\n",
      html_text(report_.policy.subject), report_.config.temperature,
      grouped(report_.policy.words.size()),
      grouped(report_.policy.words.size() - report_.unspellable));
  html_ += fmt::format("<p class=\"big\">An unsafe name comes out with probability {}</p>\n",
                       bounds_label(report_.none().unsafe));
  begin_table({"guard", "an unsafe name", "no name at all"});
  html_ += fmt::format(
      "<tr><td>none<td>{}<td>0\n<tr><td>names are judged, ten tries each<td>0<td>{}\n"
      "<tr><td>certificate<td>0<td>0\n",
      bounds_label(report_.none().unsafe), bounds_label(report_.none().all_tries_fail()));
  end_table();
  html_ += fmt::format("<p>{}</p>\n<p class=\"s\">{}</p>\n", certificate_label(report_),
                       meaning_of_bounds(report_));
}

void AuditPage::write_attacks() {
  if (audit_.attacks.empty()) return;
  heading("Attacks");
  html_ +=
      "<p>Prefixes that were asked for, and beginnings of words after which those are "
      "likeliest.</p>\n";
  begin_table({"prefix", "#a name begins so", "unsafe without a guard", "ten tries all fail",
               "the policy", "likeliest"});
  for (const Attack& attack : audit_.attacks) {
    const AuditedPrefix& prefix = attack.prefix;
    html_ += fmt::format("<tr><td><bdi>{}</bdi>{}<td>{}<td>{}<td>{}<td>", html_text(prefix.text),
                         number(prefix.probability), bounds_label(prefix.unsafe),
                         bounds_label(prefix.all_tries_fail()),
                         html_text(answer_label(report_, prefix)));
    for (std::size_t i = 0; i < std::min<std::size_t>(3, attack.witnesses.size()); ++i) {
      const Witness& witness = attack.witnesses[i];
      html_ += fmt::format("{}<bdi>{}</bdi> {:.2g}", i > 0 ? ", " : "",
                           html_text(witness_label(witness)), witness.probability);
    }
    html_ += "\n";
  }
  end_table();
}

// How strong the color of a probability is: a tenth of it is a fifth less.
double strength(double probability) {
  constexpr double kDecades = 5;
  return probability <= 0 ? 0 : std::max(0.04, 1 + std::log10(probability) / kDecades);
}

constexpr std::size_t kCell = 22;  // pixels

void AuditPage::write_cell(std::size_t row, std::size_t column, const AuditedPrefix& prefix) {
  if (prefix.unsafe.at_least <= 0) return;
  html_ += fmt::format(
      "<rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{:.2f}\"><title>{}: {}"
      "</title></rect>\n",
      prefix.hopeless ? " class=\"e\"" : "", (column + 1) * kCell, (row + 1) * kCell, kCell - 1,
      kCell - 1, strength(prefix.unsafe.at_least), html_text(prefix.text),
      bounds_label(prefix.unsafe));
}

// The first letter chooses the row.
void AuditPage::write_map() {
  const auto& letters = report_.tokenizer.uchars();
  const std::size_t n = letters.size(), size = (n + 1) * kCell;
  heading("After two letters");
  html_ += fmt::format(
      "<p>How likely the name is unsafe after two letters, as far as it was found: the first "
      "letter beside the row, the second above the column. The strongest color is 1, and each "
      "tenth of it is a fifth weaker.</p>\n<div class=\"w\"><svg role=\"img\" "
      "aria-label=\"unsafe after two letters\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\">\n",
      size, size, size, size);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string letter = html_text(letters[i]);
    const std::size_t at = (i + 1) * kCell + kCell / 2;
    html_ += fmt::format("<text x=\"{}\" y=\"15\">{}</text><text x=\"10\" y=\"{}\">{}</text>\n", at,
                         letter, at + 4, letter);
  }
  for (std::size_t i = 0; i < n * n; ++i) {
    write_cell(i / n, i % n, audit_.prefixes[1 + n + i]);
  }
  html_ += "</svg></div>\n";
}

void AuditPage::write_worst() {
  constexpr double kWhole = 24;  // length of the bar of probability 1
  heading("The worst prefixes of up to " + letters_label(audit_.lengths.back().length));
  html_ += "<p>Prefixes after which nothing safe can come are left out.</p>\n";
  begin_table({"prefix", "#a name begins so", "unsafe without a guard", "word", ""});
  for (const AuditedPrefix* prefix : worst_prefixes(report_, kBars)) {
    html_ += fmt::format(
        "<tr><td><bdi>{}</bdi>{}<td>{}<td><bdi>{}</bdi><td><i style=\"width:{:.2f}rem\"></i>\n",
        html_text(prefix->text), number(prefix->probability), bounds_label(prefix->unsafe),
        prefix->word ? word(*prefix->word) : "", kWhole * prefix->unsafe.at_least);
  }
  end_table();
}

void AuditPage::write_witnesses() {
  if (report_.config.num_witnesses == 0) return;
  heading("The likeliest unsafe names");
  html_ += fmt::format(
      "<p>Without a prefix. Three dots: the name may go on, and is unsafe however it does. "
      "These are the likeliest {}; every one as likely as {:g} was found.</p>\n",
      grouped(audit_.witnesses.size()), report_.config.prune);
  begin_table({"#probability", "name", "word"});
  for (const Witness& witness : audit_.witnesses) {
    html_ += fmt::format("<tr>{}<td><bdi>{}</bdi><td><bdi>{}</bdi>\n", number(witness.probability),
                         html_text(witness_label(witness)), word(witness.word));
  }
  end_table();
}

void AuditPage::write_cost() {
  heading("What the policy costs");
  html_ += fmt::format(
      "<p>It takes {} of the model's names away{}.</p>\n", bounds_label(report_.none().unsafe),
      report_.data
          ? fmt::format("; {:.3g} is on names of the training data", report_.data->probability())
          : "");
  begin_table({"#letters of the prefix", "#prefixes", "#refused", "#nothing safe begins so",
               "#names that begin with a refused one", "safe names among these"});
  for (const PrefixLength& all : audit_.lengths) {
    html_ += fmt::format(
        "<tr><td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}{}<td>{}\n",
        all.length, grouped(all.prefixes), grouped(all.refused), grouped(all.hopeless),
        number(all.refused_probability), bounds_label(all.safe_refused));
  }
  end_table();
}

void AuditPage::write_data() {
  heading("The training data");
  if (!report_.data) {
    html_ += fmt::format("<p>It was not judged: {}</p>\n", html_text(report_.no_data));
    return;
  }
  const AuditedData& data = *report_.data;
  html_ += fmt::format(
      "<p>{}{}: {} of {} names are unsafe, {} of them different. The probability is that of the "
      "model writing the name.</p>\n",
      html_text(data.origin),
      data.is_other ? ", which is not what the model says that it learned from" : "",
      grouped(data.num_unsafe()), grouped(data.documents), grouped(data.unsafe.size()));
  begin_table({"name", "word", "#times", "#probability"});
  for (std::size_t i = 0; i < std::min(kMostNames, data.unsafe.size()); ++i) {
    const UnsafeDocument& document = data.unsafe[i];
    html_ += fmt::format("<tr><td><bdi>{}</bdi><td><bdi>{}</bdi><td class=\"n\">{}{}\n",
                         html_text(document.text), word(document.word), document.times,
                         document.probability ? number(*document.probability) : "<td>");
  }
  end_table();
  if (data.unsafe.size() > kMostNames) {
    html_ += fmt::format("<p class=\"s\">and {} more, which the JSON lists</p>\n",
                         grouped(data.unsafe.size() - kMostNames));
  }
}

}  // namespace

std::string audit_html(const AuditReport& report) { return AuditPage(report).write(); }

}  // namespace microgpt
