// A trace as a page to be read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "message.h"
#include "trace_report.h"

namespace microgpt {
namespace {

constexpr std::size_t kUpdateWidth = 7;    // of a cell beside its decimals: space, sign, exponent
constexpr std::size_t kValuesColumn = 60;  // of values beside their name
constexpr std::size_t kWholeMatrix = 32;   // numbers of a parameter that a whole page shows
constexpr std::size_t kLinesOfVector = 2;  // of a vector on a whole page
constexpr std::size_t kTokens = 10;        // probabilities on a whole page
constexpr std::size_t kUpdates = 6;        // numbers of a parameter whose update a whole page shows

using Numbers = std::span<const double>;
using Cells = std::span<const std::string>;

// Of a column in which all of these stand, with the space before it.
std::size_t width_of(std::initializer_list<Cells> all) {
  std::size_t width = 0;
  for (const Cells cells : all) {
    for (const std::string& cell : cells) width = std::max(width, cell.size() + 2);
  }
  return width;
}

std::string joined(Cells cells, std::size_t width) {
  std::string text;
  for (const std::string& cell : cells) text += fmt::format("{:>{}}", cell, width);
  return text;
}

class Page {
 public:
  Page(const TraceReport& report, const PageStyle& style, Output& out)
      : report_(report), trace_(report.trace), style_(style), out_(out) {}

  void write() {
    if (is_whole()) write_head();
    for (const Traced& traced : trace_.traced) {
      if (!is_in(traced.name, report_.part)) continue;
      if (is_whole() && (traced.name == "loss" || traced.nodes.empty())) continue;
      write_headings(traced);
      write_entry(traced);
    }
    if (!is_whole()) return;
    write_losses();
    if (trace_.step) write_update();
    if (!report_.remarks.empty()) line("\n" + report_.remarks);
  }

 private:
  bool is_whole() const { return report_.part.empty(); }

  std::string bold(const std::string& text) const {
    return style_.colors ? "\x1b[1m" + text + "\x1b[0m" : text;
  }
  std::string dim(const std::string& text) const {
    return style_.colors ? "\x1b[2m" + text + "\x1b[0m" : text;
  }
  void line(const std::string& text) { out_.write(text + "\n"); }

  std::string label(std::size_t i) const {
    return token_label(report_.tokenizer, trace_.tokens[i]);
  }
  std::vector<std::string> cells_of(Numbers numbers) const {
    return microgpt::cells_of(numbers, report_.precision);
  }

  void write_head();
  void write_headings(const Traced& traced);
  void write_entry(const Traced& traced);
  bool write_beside(const std::string& text, std::size_t used, const Traced& traced);
  void write_firing(const Traced& mlp_act);
  void write_matrix(const Traced& traced, Numbers numbers);
  void write_row(const std::string& about, Cells cells, std::size_t width, const std::string& name);
  void write_bars(const Traced& traced);
  void write_losses();
  void write_update();
  void write_update_of(const Traced& param);
  std::vector<std::size_t> tokens_to_show(Numbers probs, int target) const;

  const TraceReport& report_;
  const Trace& trace_;
  PageStyle style_;
  Output& out_;
  std::string position_, section_;  // whose headings were written last
};

void Page::write_head() {
  const Config& c = trace_.config;
  line(bold(fmt::format("{} reads '{}'", printable(report_.model), printable(report_.text))));
  line(fmt::format("{} parameters: n_layer {}, n_embd {}, n_head {}, block_size {}, vocab_size {}",
                   grouped(c.num_params()), c.n_layer, c.n_embd, c.n_head, c.block_size,
                   c.vocab_size));
  std::string tokens = "tokens:";
  for (std::size_t i = 0; i < trace_.tokens.size(); ++i) {
    tokens += fmt::format(" {} ({})", label(i), trace_.tokens[i]);
  }
  line(tokens);
  if (trace_.round) {
    line(fmt::format("rounded to {} decimals at every step, as by hand", *trace_.round));
  }
}

std::string local_name(const std::string& name) {
  return position_of(name) ? name.substr(name.find('.') + 1) : name;
}

// Of a probability; a model that overflows has none.
std::string bar(double prob) {
  constexpr double kWhole = 40;
  if (!(prob >= 0 && prob <= 1)) return "";
  return std::string(static_cast<std::size_t>(std::lround(kWhole * prob)), '#');
}

bool has_bars(const Traced& traced) {
  return traced.name.ends_with(".weights") || traced.name.ends_with(".probs");
}

// The part of the model that makes a number at some position.
std::string section_of(const std::string& local) {
  if (!local.starts_with("layer")) {
    return local.find("emb") != std::string::npos ? "embedding" : "output";
  }
  const std::string layer = local.substr(0, local.find('.'));
  const std::string rest = local.substr(layer.size() + 1);
  if (rest.starts_with("head")) return layer + ", " + rest.substr(0, rest.find('.'));
  return layer + (rest.starts_with("mlp") ? ", MLP" : ", attention");
}

void Page::write_headings(const Traced& traced) {
  const auto pos = position_of(traced.name);
  const std::string position = pos ? fmt::format("pos{}", *pos) : "parameters";
  if (position != position_) {
    position_ = position;
    section_.clear();
    std::string heading = position;
    if (pos) {
      heading += fmt::format(": after '{}' comes", label(*pos));
      heading += fmt::format(" '{}'", label(*pos + 1));
    }
    line("\n" + bold(heading));
  }
  if (!pos) return;
  const std::string section = section_of(local_name(traced.name));
  if (section != section_) line("  " + section);
  section_ = section;
}

// Beside its name where there is room: a gradient below the value.
bool Page::write_beside(const std::string& text, std::size_t used, const Traced& traced) {
  const std::vector<std::string> data = cells_of(traced.data), grad = cells_of(traced.grad);
  const std::size_t width = width_of({data, grad});
  const std::size_t column = std::max(kValuesColumn, used);
  if (traced.shape.size() > 1 || column + data.size() * width > style_.columns) return false;
  line(text + std::string(column - used, ' ') + joined(data, width));
  if (!grad.empty()) line(dim(fmt::format("{:>{}}", "gradient", column)) + joined(grad, width));
  return true;
}

void Page::write_entry(const Traced& traced) {
  const std::string name = "    " + local_name(traced.name);
  std::string about;
  if (!traced.shape.empty()) about += " " + shape_label(traced);
  if (!is_parameter(trace_, traced)) about += " = " + std::string(traced.origin.formula);
  const std::string text = bold(name) + dim(about);
  if (traced.shape.size() > 1 && is_whole() && traced.data.size() > kWholeMatrix) {
    return line(text + dim(fmt::format("  {} numbers; --at {} shows them",
                                       grouped(traced.data.size()), traced.name)));
  }
  if (has_bars(traced)) {
    line(text);
    write_bars(traced);
  } else if (!write_beside(text, name.size() + about.size(), traced)) {
    line(text);
    write_matrix(traced, traced.data);
    if (!traced.grad.empty()) line(dim("      gradient"));
    if (!traced.grad.empty()) write_matrix(traced, traced.grad);
  }
  if (traced.name.ends_with(".mlp_act")) write_firing(traced);
}

void Page::write_firing(const Traced& mlp_act) {
  constexpr std::size_t kMany = 20;
  std::vector<std::size_t> firing;
  for (std::size_t i = 0; i < mlp_act.data.size(); ++i) {
    if (mlp_act.data[i] > 0) firing.push_back(i);
  }
  std::string text = fmt::format("      {} of {} units fire", firing.size(), mlp_act.data.size());
  if (firing.size() <= kMany || !is_whole()) text += fmt::format(": {}", fmt::join(firing, " "));
  line(text);
}

void Page::write_matrix(const Traced& traced, Numbers numbers) {
  const std::size_t cols = traced.shape.empty() ? 1 : traced.shape.back();
  const bool is_matrix = traced.shape.size() > 1;
  const bool by_position = is_matrix && position_of(traced.name);
  const std::vector<std::string> cells = cells_of(numbers);
  const std::size_t width = width_of({cells});
  for (std::size_t row = 0; row * cols < numbers.size(); ++row) {
    const std::string about = by_position ? fmt::format("pos{} '{}'", row, label(row))
                              : is_matrix ? fmt::format("[{}]", row)
                                          : "";
    write_row(about, Cells(cells).subspan(row * cols, cols), width, traced.name);
  }
}

void Page::write_row(const std::string& about, Cells cells, std::size_t width,
                     const std::string& name) {
  const std::size_t indent = about.empty() ? 6 : 18;
  const std::size_t room = style_.columns > indent ? style_.columns - indent : 0;
  const std::size_t per_line = std::max<std::size_t>(1, room / width);
  const bool cut = is_whole() && cells.size() > kLinesOfVector * per_line;
  const std::size_t shown = cut ? kLinesOfVector * per_line : cells.size();
  for (std::size_t i = 0; i < shown; i += per_line) {
    const std::string before = fmt::format("{:<{}}", i == 0 ? "      " + about : "", indent);
    line(before + joined(cells.subspan(i, std::min(per_line, shown - i)), width));
  }
  if (!cut) return;
  line(dim(fmt::format("{:<{}}  and {} more; --at {} shows them", "", indent, cells.size() - shown,
                       name)));
}

// On a whole page the likeliest ones of many, and the one that comes.
std::vector<std::size_t> Page::tokens_to_show(Numbers probs, int target) const {
  std::vector<std::size_t> tokens(probs.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  if (!is_whole() || tokens.size() <= kTokens) return tokens;
  std::ranges::stable_sort(tokens,
                           [&](std::size_t a, std::size_t b) { return probs[a] > probs[b]; });
  const auto found = std::ranges::find(tokens, static_cast<std::size_t>(target));
  const auto last = tokens.begin() + kTokens - 1;
  if (found > last) std::rotate(last, found, found + 1);
  tokens.resize(kTokens);
  return tokens;
}

void Page::write_bars(const Traced& traced) {
  const bool probs = traced.name.ends_with(".probs");
  const int target = trace_.tokens[*position_of(traced.name) + 1];
  std::vector<std::size_t> shown(traced.data.size());
  std::iota(shown.begin(), shown.end(), 0);
  if (probs) shown = tokens_to_show(traced.data, target);
  const std::vector<std::string> data = cells_of(traced.data), grad = cells_of(traced.grad);
  const std::size_t width = width_of({data, grad});
  if (!grad.empty()) line(dim(fmt::format("{:18}{:>{}}  gradient", "", "", width)));
  for (const std::size_t i : shown) {
    const std::string who = probs ? token_label(report_.tokenizer, static_cast<int>(i))
                                  : fmt::format("pos{} '{}'", i, label(i));
    std::string text = fmt::format("      {:<12}{:>{}}", who, data[i], width);
    if (!grad.empty()) text += dim(fmt::format("{:>{}}", grad[i], width));
    text += "  " + bar(traced.data[i]);
    if (probs && static_cast<int>(i) == target) text += bold(" <- comes");
    line(text.substr(0, text.find_last_not_of(' ') + 1));
  }
  if (shown.size() == data.size()) return;
  line(dim(fmt::format("      and {} more; --at {} shows them", data.size() - shown.size(),
                       traced.name)));
}

void Page::write_losses() {
  const int precision = report_.precision;
  line("\n" + bold("loss"));
  for (std::size_t pos = trace_.first_pos; pos + 1 < trace_.tokens.size(); ++pos) {
    const std::string at = fmt::format("pos{}.", pos);
    const auto target = static_cast<std::size_t>(trace_.tokens[pos + 1]);
    const double prob = trace_.traced[find_traced(trace_, at + "probs")].data[target];
    const double loss = trace_.traced[find_traced(trace_, at + "loss")].data[0];
    line(fmt::format("  pos{:<3} {:>4} -> {:<4}  {} = -log({})", pos, label(pos), label(pos + 1),
                     decimals(loss, precision), decimals(prob, precision)));
  }
  const Traced& loss = trace_.traced[find_traced(trace_, "loss")];
  line(fmt::format("  {}, the mean; a guess that holds all tokens for equally likely costs {}",
                   bold("loss " + decimals(loss.data[0], precision)),
                   decimals(std::log(trace_.config.vocab_size), precision)));
}

void Page::write_update() {
  const OptimizerStep& step = *trace_.step;
  line("\n" + bold(fmt::format("update {} by Adam, from this text alone", step.step + 1)));
  line(fmt::format("  lr_t {}, beta1 {}, beta2 {}, eps_adam {}", step.learning_rate, step.beta1,
                   step.beta2, step.eps_adam));
  for (const Traced& traced : trace_.traced) {
    if (is_parameter(trace_, traced)) write_update_of(traced);
  }
}

void Page::write_update_of(const Traced& param) {
  const std::size_t shown = std::min(kUpdates, param.data.size());
  std::string about = " " + shape_label(param);
  if (shown < param.data.size()) {
    about += fmt::format("  the first {}; --at adam.{} shows all", shown, param.name);
  }
  line("  " + bold(param.name) + dim(about));
  const auto write = [&](const char* kind, const std::vector<double>& numbers) {
    const std::vector<std::string> cells = cells_of(Numbers(numbers).first(shown));
    write_row(kind, cells, static_cast<std::size_t>(report_.precision) + kUpdateWidth, param.name);
  };
  const auto made = [&](const char* kind) {
    return trace_.traced[find_traced(trace_, fmt::format("adam.{}.{}", param.name, kind))].data;
  };
  write("data", param.data);
  write("gradient", param.grad);
  for (const char* kind : {"m_hat", "v_hat", "update"}) write(kind, made(kind));
  write("new data", made("data"));
}

// All about one number.
class Card {
 public:
  Card(const TraceReport& report, Element element, const PageStyle& style, Output& out)
      : trace_(report.trace),
        element_(element),
        traced_(trace_.traced[element.traced]),
        style_(style),
        out_(out) {}

  void write() {
    const std::string value = valued(element_, false);
    out_.write((style_.colors ? "\x1b[1m" + value + "\x1b[0m" : value) + "\n");
    field("to the bit", fmt::format("{:a}", traced_.data[element_.index]));
    const bool parameter = is_parameter(trace_, traced_);
    if (!parameter) field("in short", std::string(traced_.origin.formula));
    field("formula", writer_.value(element_, FormulaStyle::kNames));
    field("in numbers", writer_.value(element_, FormulaStyle::kNumbers));
    write_relatives();
    write_gradient();
    field(parameter ? "first made" : "made at", python_place_of(traced_.origin));
    field("", place_of(traced_.origin));
  }

 private:
  void field(const char* name, const std::string& text) {
    if (!text.empty()) out_.write(fmt::format("  {:<14}{}\n", name, text));
  }

  std::string valued(Element element, bool grad) const {
    const Traced& traced = trace_.traced[element.traced];
    const std::string path = path_of(trace_, element);
    return grad ? fmt::format("grad({}) = {}", path, traced.grad[element.index])
                : fmt::format("{} = {}", path, traced.data[element.index]);
  }

  void write_relatives() {
    constexpr std::size_t kUsers = 12;
    const std::vector<Element> parents = parents_of(trace_, element_);
    // Adam's moments are made of the parameter's gradient.
    const bool is_moment = traced_.nodes.empty() && parents.size() == 1 &&
                           is_parameter(trace_, trace_.traced[parents[0].traced]);
    const char* name = "made of";
    for (const Element parent : parents) field(std::exchange(name, ""), valued(parent, is_moment));
    const std::vector<Element> users = users_of(trace_, element_);
    name = "used by";
    for (std::size_t i = 0; i < std::min(kUsers, users.size()); ++i) {
      field(std::exchange(name, ""), path_of(trace_, users[i]));
    }
    if (users.size() > kUsers) field("", fmt::format("and {} more", users.size() - kUsers));
  }

  void write_gradient() {
    if (traced_.nodes.empty()) return;
    if (traced_.grad.empty()) return field("gradient", "--backward shows it");
    field("gradient", fmt::format("{}", traced_.grad[element_.index]));
    field("  formula", writer_.gradient(element_, FormulaStyle::kNames));
    field("  in numbers", writer_.gradient(element_, FormulaStyle::kNumbers));
  }

  const Trace& trace_;
  Element element_;
  const Traced& traced_;
  FormulaWriter writer_{trace_};
  PageStyle style_;
  Output& out_;
};

}  // namespace

void write_page(const TraceReport& report, const PageStyle& style, Output& out) {
  Page(report, style, out).write();
}

void write_card(const TraceReport& report, Element element, const PageStyle& style, Output& out) {
  Card(report, element, style, out).write();
}

}  // namespace microgpt
