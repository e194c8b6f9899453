// A trace as one HTML file. Without JavaScript it is a document with all numbers; with it, each
// number opens its card.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "html_text.h"
#include "message.h"
#include "microgpt/error.h"
#include "trace_report.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;
using Numbers = std::span<const double>;

// System colors follow the light or dark of the reader.
constexpr char kWidgetHead[] = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; }
body { background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem 12rem; }
code, .v, table { font-family: ui-monospace, monospace; font-size: .85rem; font-variant-numeric: tabular-nums; }
h2 { border-top: 2px solid; margin-top: 2.5rem; padding-top: .5rem; }
h4 { margin: 1rem 0 0; overflow-wrap: anywhere; }
p { margin: .1rem 0 .3rem; overflow-wrap: anywhere; }
.s { font-size: .85rem; opacity: .85; }
.w { overflow-x: auto; }
.v { display: flex; flex-wrap: wrap; gap: 2px; }
.v a, td { padding: .1rem .35rem; text-align: right; }
.v a, td a { color: inherit; text-decoration: none; }
.v a:hover, td a:hover, .on { outline: 2px solid; }
th { font-weight: normal; padding-right: .6rem; text-align: left; }
i { background: currentColor; display: block; height: .6rem; opacity: .6; }
.p1 { background: rgb(30 110 255 / .1) } .p2 { background: rgb(30 110 255 / .2) } .p3 { background: rgb(30 110 255 / .3) } .p4 { background: rgb(30 110 255 / .42) }
.n1 { background: rgb(240 120 0 / .1) } .n2 { background: rgb(240 120 0 / .2) } .n3 { background: rgb(240 120 0 / .3) } .n4 { background: rgb(240 120 0 / .42) }
#card { background: Canvas; border-top: 3px solid; bottom: 0; box-sizing: border-box; left: 0; max-height: 45vh; overflow: auto; padding: .5rem 1rem 1rem; position: fixed; width: 100%; }
#card dt { font-size: .85rem; opacity: .85; } #card dd { margin: 0 0 .4rem 1rem; overflow-wrap: anywhere; }
@media print { #card { display: none } body { max-width: none; padding: 0 } h4 { break-after: avoid } }
</style>
)";

// A number's address is #t.i: number i of what was traced as t.
constexpr char kScript[] = R"(<script>
const T = JSON.parse(document.getElementById('data').textContent);
const card = document.getElementById('card');
function path(t, i) {
  const s = T[t].shape, c = s[s.length - 1];
  return T[t].name + (s.length > 1 ? `[${Math.floor(i / c)}]` : '') + (s.length ? `[${i % c}]` : '');
}
function link(t, i, text) {
  const a = document.createElement('a');
  a.href = `#${t}.${i}`;
  a.textContent = text;
  return a;
}
function spell(formula, numbers) {
  const code = document.createElement('code');
  let at = 0;
  for (const m of formula.matchAll(/(grad)?\{(\d+):(\d+)\}/g)) {
    const end = m.index + m[0].length, name = path(m[2], m[3]);
    let text = m[1] ? `grad(${name})` : name;
    if (numbers) {
      text = String(T[m[2]][m[1] ? 'grad' : 'data'][m[3]]);
      const tight = formula.startsWith('**', end) || formula[m.index - 1] === '-';
      if (tight && text[0] === '-') text = `(${text})`;
    }
    code.append(formula.slice(at, m.index), link(m[2], m[3], text));
    at = end;
  }
  code.append(formula.slice(at));
  return code;
}
function show() {
  document.querySelectorAll('.on').forEach(e => e.classList.remove('on'));
  const m = location.hash.match(/^#(\d+)\.(\d+)$/), x = m && T[m[1]];
  card.hidden = !x || !(m[2] in x.data);
  if (card.hidden) return;
  document.querySelectorAll(`main a[href="${m[0]}"]`).forEach(e => e.classList.add('on'));
  const list = document.createElement('dl');
  const field = (name, ...what) => {
    const dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.textContent = name;
    dd.append(...what);
    list.append(dt, dd);
  };
  const b = document.createElement('b'), close = document.createElement('a');
  b.textContent = `${path(m[1], m[2])} = ${x.data[m[2]]}`;
  close.href = `#t${m[1]}`;
  close.textContent = 'close';
  const f = x.formulas?.[m[2]], g = x.grads?.[m[2]];
  if (f) field('formula', spell(f));
  if (f) field('in numbers', spell(f, true));
  if (x.grad) field('gradient', String(x.grad[m[2]]));
  if (g) field('its formula', spell(g));
  if (g) field('in numbers', spell(g, true));
  const short = document.querySelector(`#t${m[1]} p`);
  if (short) field('made', ...[...short.childNodes].map(e => e.cloneNode(true)));
  card.replaceChildren(b, ' ', close, list);
}
addEventListener('hashchange', show);
show();
</script>
)";

// In a script a < could end it.
std::string script_text(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) {
    text.replace(at, 1, "\\u003c");
  }
  return text;
}

// The classes of cells: how large a number is beside the largest.
std::vector<std::string> colors_of(Numbers numbers) {
  constexpr double kLevels = 4;
  double max = 0;
  for (const double x : numbers) max = std::max(max, std::abs(x));
  std::vector<std::string> colors;
  for (const double x : numbers) {
    const double part = std::abs(x) / max;  // not finite for a model that overflows
    const long level = part <= 1 ? std::lround(kLevels * part) : 0;
    colors.push_back(level == 0 ? "" : fmt::format(" class={}{}", x > 0 ? 'p' : 'n', level));
  }
  return colors;
}

std::string table_cell(std::size_t t, std::size_t i, const std::string& text,
                       const std::string& color = "") {
  return fmt::format("<td{}><a href=#{}.{}>{}</a>", color, t, i, text);
}

class HtmlReport {
 public:
  explicit HtmlReport(const TraceReport& report)
      : report_(report), trace_(report.trace), writer_(report.trace) {}

  std::string write() {
    check_size();
    html_ = kWidgetHead;
    write_head();
    if (report_.part.empty()) write_losses();
    // What was made first; the parameters are many, and stand behind it.
    for (const bool parameters : {false, true}) {
      for (std::size_t t = 0; t < trace_.traced.size(); ++t) {
        if (is_parameter(trace_, trace_.traced[t]) == parameters && is_shown(t)) write_traced(t);
      }
    }
    html_ += "</main>\n<aside id=\"card\" aria-live=\"polite\" hidden></aside>\n";
    html_ += "<script type=\"application/json\" id=\"data\">";
    html_ += script_text(data()) + "</script>\n" + kScript;
    return std::move(html_);
  }

 private:
  bool is_shown(std::size_t t) const { return is_in(trace_.traced[t].name, report_.part); }
  bool uses_shown(std::size_t t) const {
    return std::ranges::any_of(trace_.traced[t].parents,
                               [&](std::uint32_t parent) { return is_shown(parent); });
  }
  std::size_t num_terms(std::uint32_t t) const;
  void check_size() const;
  std::vector<bool> needed() const;
  void write_head();
  void write_losses();
  void write_heading(const Traced& traced);
  void write_traced(std::size_t t);
  void write_about(const Traced& traced);
  void write_table(std::size_t t, Numbers numbers);
  void write_bars(std::size_t t);
  std::vector<std::string> cells_of(Numbers numbers) const {
    return microgpt::cells_of(numbers, report_.precision);
  }
  std::string token(std::size_t i) const { return token_of(trace_.tokens[i]); }
  std::string token_of(int id) const {
    return "<bdi>" + html_text(token_label(report_.tokenizer, id)) + "</bdi>";
  }
  Json data() const;
  Json data_of(std::uint32_t t) const;

  const TraceReport& report_;
  const Trace& trace_;
  FormulaWriter writer_;
  std::string heading_;
  std::string html_;
};

// In the formulas of one tensor; those of its first number stand for all.
std::size_t HtmlReport::num_terms(std::uint32_t t) const {
  return trace_.traced[t].data.size() * (1 + parents_of(trace_, {t, 0}).size());
}

// What uses a number makes the terms of its gradient.
void HtmlReport::check_size() const {
  constexpr std::size_t kMaxTerms = 500'000;  // some 50 MB
  std::size_t terms = 0;
  for (std::uint32_t t = 0; t < trace_.traced.size(); ++t) {
    if (is_shown(t)) terms += num_terms(t);
    if (trace_.has_grads && uses_shown(t)) terms += num_terms(t);
  }
  if (terms <= kMaxTerms) return;
  throw Error(fmt::format(
      "--html: formulas of {} terms are no page, expected at most {}; take a part, --at PATH, or "
      "--json, which may be large",
      grouped(terms), grouped(kMaxTerms)));
}

// Which tensors formulas may name: those shown, what they were made of, what uses them, and what
// that was made of beside them.
std::vector<bool> HtmlReport::needed() const {
  std::vector<bool> needed(trace_.traced.size());
  for (std::size_t t = 0; t < needed.size(); ++t) {
    if (!is_shown(t) && !uses_shown(t)) continue;
    needed[t] = true;
    for (const std::uint32_t parent : trace_.traced[t].parents) needed[parent] = true;
  }
  return needed;
}

void HtmlReport::write_head() {
  const Config& c = trace_.config;
  const std::string title =
      fmt::format("{} reads '{}'", html_text(report_.model), html_text(report_.text));
  html_ += fmt::format("<title>{}</title>\n<main>\n<h1>{}</h1>\n", title, title);
  html_ += fmt::format(
      "<p>{} parameters: n_layer {}, n_embd {}, n_head {}, block_size {}, vocab_size {}. Tokens:",
      grouped(c.num_params()), c.n_layer, c.n_embd, c.n_head, c.block_size, c.vocab_size);
  for (std::size_t i = 0; i < trace_.tokens.size(); ++i) {
    html_ += fmt::format(" {} ({})", token(i), trace_.tokens[i]);
  }
  html_ += fmt::format(
      "</p>\n<p>Numbers are shown with {} decimals; each one opens a card with all of its digits, "
      "its formula and what it was made of. Blue is above zero and orange below it, as the sign "
      "says; the stronger the color, the closer to the largest of its table.</p>\n",
      report_.precision);
  if (trace_.round) {
    html_ +=
        fmt::format("<p>Rounded to {} decimals at every step, as by hand.</p>\n", *trace_.round);
  }
  if (!report_.remarks.empty())
    html_ += "<pre class=\"w\">" + html_text(report_.remarks) + "</pre>\n";
}

void HtmlReport::write_losses() {
  html_ += "<h2>Loss</h2>\n<div class=\"w\"><table>\n";
  for (std::size_t pos = trace_.first_pos; pos + 1 < trace_.tokens.size(); ++pos) {
    const std::size_t t = find_traced(trace_, fmt::format("pos{}.loss", pos));
    html_ += fmt::format("<tr><th><a href=\"#pos{}\">pos{}</a><th>{} &rarr; {}{}\n", pos, pos,
                         token(pos), token(pos + 1),
                         table_cell(t, 0, decimals(trace_.traced[t].data[0], report_.precision)));
  }
  html_ += "</table></div>\n";
}

void HtmlReport::write_heading(const Traced& traced) {
  const auto pos = position_of(traced.name);
  const std::string heading = pos                            ? fmt::format("pos{}", *pos)
                              : is_parameter(trace_, traced) ? "parameters"
                              : traced.name == "loss"        ? "loss"
                                                             : "update";
  if (heading == heading_) return;
  heading_ = heading;
  html_ += fmt::format("<h2 id=\"{}\">{}", heading, heading);
  if (pos) html_ += fmt::format(": after {} comes {}", token(*pos), token(*pos + 1));
  if (heading == "update") html_ += " by Adam, from this text alone";
  html_ += "</h2>\n";
}

void HtmlReport::write_about(const Traced& traced) {
  html_ += fmt::format("<p class=\"s\">{}", html_text(traced.origin.formula));
  const char* before = " &middot; of ";
  for (const std::uint32_t parent : traced.parents) {
    const std::string name = html_text(trace_.traced[parent].name);
    html_ += before;
    html_ += is_shown(parent) ? fmt::format("<a href=\"#t{}\">{}</a>", parent, name) : name;
    before = ", ";
  }
  for (const std::string& place : {python_place_of(traced.origin), place_of(traced.origin)}) {
    if (!place.empty()) html_ += " &middot; " + place;
  }
  html_ += "</p>\n";
}

void HtmlReport::write_table(std::size_t t, Numbers numbers) {
  const Traced& traced = trace_.traced[t];
  const std::vector<std::string> cells = cells_of(numbers), colors = colors_of(numbers);
  if (traced.shape.size() < 2) {
    html_ += "<div class=\"v\">";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      html_ += fmt::format("<a href=#{}.{}{}>{}</a>\n", t, i, colors[i], cells[i]);
    }
    html_ += "</div>\n";
    return;
  }
  html_ += "<div class=\"w\"><table>";
  const std::size_t cols = traced.shape.back();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t row = i / cols;
    const std::string label = position_of(traced.name) ? token(row) : std::to_string(row);
    if (i % cols == 0) html_ += fmt::format("\n<tr><th>{}", label);
    html_ += table_cell(t, i, cells[i], colors[i]);
  }
  html_ += "\n</table></div>\n";
}

void HtmlReport::write_bars(std::size_t t) {
  constexpr double kBar = 16;  // length of that of probability 1
  const Traced& traced = trace_.traced[t];
  const bool probs = traced.name.ends_with(".probs");
  const std::vector<std::string> data = cells_of(traced.data), grad = cells_of(traced.grad);
  html_ += "<div class=\"w\"><table>\n";
  for (std::size_t i = 0; i < data.size(); ++i) {
    html_ += fmt::format("<tr><th>{}{}", probs ? token_of(static_cast<int>(i)) : token(i),
                         table_cell(t, i, data[i]));
    if (!grad.empty()) html_ += table_cell(t, i, grad[i]);
    const double bar = traced.data[i] <= 1 ? kBar * traced.data[i] : 0;
    html_ += fmt::format("<td><i style=\"width:{:.2f}rem\"></i>\n", bar);
  }
  html_ += "</table></div>\n";
  if (!grad.empty()) html_ += "<p class=\"s\">its gradient in the second column</p>\n";
}

void HtmlReport::write_traced(std::size_t t) {
  const Traced& traced = trace_.traced[t];
  write_heading(traced);
  html_ += fmt::format("<section id=\"t{}\"><h4><code>{}</code> {}</h4>\n", t,
                       html_text(traced.name), shape_label(traced));
  write_about(traced);
  if (traced.name.ends_with(".weights") || traced.name.ends_with(".probs")) {
    write_bars(t);
  } else {
    write_table(t, traced.data);
    if (!traced.grad.empty()) html_ += "<p class=\"s\">its gradient</p>\n";
    if (!traced.grad.empty()) write_table(t, traced.grad);
  }
  html_ += "</section>\n";
}

Json HtmlReport::data() const {
  Json all = Json::array();
  const std::vector<bool> needed = this->needed();
  for (std::uint32_t t = 0; t < trace_.traced.size(); ++t) {
    all.push_back(needed[t] ? data_of(t) : nullptr);
  }
  return all;
}

Json HtmlReport::data_of(std::uint32_t t) const {
  const Traced& traced = trace_.traced[t];
  Json object = {{"name", traced.name}, {"shape", traced.shape}, {"data", traced.data}};
  if (!traced.grad.empty()) object["grad"] = traced.grad;
  if (!is_shown(t)) return object;
  for (std::uint32_t i = 0; i < traced.data.size(); ++i) {
    object["formulas"].push_back(writer_.value({t, i}, FormulaStyle::kLinks));
    if (traced.grad.empty()) continue;
    object["grads"].push_back(writer_.gradient({t, i}, FormulaStyle::kLinks));
  }
  return object;
}

}  // namespace

std::string html_report(const TraceReport& report) { return HtmlReport(report).write(); }

}  // namespace microgpt
