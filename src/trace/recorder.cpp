#include "trace/recorder.h"

#include <array>
#include <cmath>
#include <string_view>

#include "trace/origin.h"

namespace microgpt {
namespace {

// What only leads to other numbers keeps one decimal more when one computes by hand.
bool is_intermediate(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kEnds = {".ms", ".scale", ".dots", ".exps",
                                                            ".total"};
  return std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

// Half away from zero, as people do. A number that misses the half by no more than doubles must is
// on it: 0.2*0.7 + 0.5*1.23 is 0.755 by hand and a little less here.
double round_to(double x, int decimals) {
  const double unit = std::pow(10.0, decimals);
  return std::copysign(std::floor(std::fabs(x) * unit * (1.0 + 1e-12) + 0.5) / unit, x);
}

std::uint32_t node_of(const reference::Value& value) {
  return static_cast<std::uint32_t>(value.node());
}

void append_nodes(const reference::Vector<reference::Value>& row,
                  std::vector<std::uint32_t>& nodes) {
  for (const reference::Value& value : row) nodes.push_back(node_of(value));
}

}  // namespace

void Recorder::record(std::string name, std::vector<std::size_t> shape,
                      std::vector<std::uint32_t> nodes, Origin origin) {
  names_.resize(tape_.size(), kUnnamed);
  const auto traced = static_cast<std::uint32_t>(traced_.size());
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (names_[nodes[i]] != kUnnamed) continue;
    names_[nodes[i]] = {traced, i};
    if (round_) round(name, nodes[i]);
  }
  traced_.push_back(
      {std::move(name), std::move(shape), {}, {}, std::move(nodes), {}, std::move(origin)});
}

void Recorder::round(std::string_view name, std::uint32_t node) {
  const int decimals = *round_ + (is_intermediate(name) ? 1 : 0);
  tape_.replace_result(node, round_to(tape_.data(node), decimals));
}

std::vector<Element> Recorder::take_names(std::size_t num_nodes) {
  names_.resize(num_nodes, kUnnamed);
  return std::move(names_);
}

void RecordingProbe::take_down(const std::string& name, const Value& number,
                               const std::source_location& place) const {
  recorder_->record(name, {}, {node_of(number)}, origin_of(name, place));
}

void RecordingProbe::take_down(const std::string& name, const Row& row,
                               const std::source_location& place) const {
  std::vector<std::uint32_t> nodes;
  append_nodes(row, nodes);
  recorder_->record(name, {row.size()}, std::move(nodes), origin_of(name, place));
}

void RecordingProbe::take_down(const std::string& name, const std::vector<Row>& rows,
                               const std::source_location& place) const {
  std::vector<std::uint32_t> nodes;
  for (const Row& row : rows) append_nodes(row, nodes);
  recorder_->record(name, {rows.size(), rows.front().size()}, std::move(nodes),
                    origin_of(name, place));
}

}  // namespace microgpt
