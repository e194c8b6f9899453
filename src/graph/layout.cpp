#include "graph/layout.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace microgpt {
namespace {

constexpr double kColumnGap = 56;
constexpr double kRowGap = 14;
constexpr double kLaneHeight = 6;  // of an edge that passes a column
constexpr double kMargin = 16;
constexpr double kPort = 6;  // how far above and below its middle the children come in
constexpr int kSweeps = 12;

// What takes up room in a column: a node's box, or the edges that lead from one child past it.
struct Item {
  std::size_t column;
  double height;
  double y = 0;                                             // of its middle
  std::vector<std::pair<std::size_t, double>> left, right;  // items next to it, and its port there
};

// From left to right.
struct Span {
  double left, right;
};

struct Child {
  std::uint32_t node;
  double port;
};

std::vector<Child> children_of(const Graph& graph, std::uint32_t node) {
  switch (num_children(graph.op[node])) {
    case 0:
      return {};
    case 1:
      return {{graph.left[node], 0}};
    default:
      return {{graph.left[node], -kPort}, {graph.right[node], kPort}};
  }
}

// How far a node is from the end of all paths up: children come before their parents.
std::vector<std::size_t> ranks_of(const Graph& graph) {
  std::vector<std::size_t> ranks(graph.size());
  for (std::size_t i = graph.size(); i-- > 0;) {
    if (graph.op[i] == Op::kLeaf) continue;
    for (const std::uint32_t child : {graph.left[i], graph.right[i]}) {
      ranks[child] = std::max(ranks[child], ranks[i] + 1);
    }
  }
  return ranks;
}

// Moves the items of a column, in their order, as little as may be from where they want to be
// without overlap: least squares by pooling neighbours that press against each other.
void place(std::vector<Item>& items, const std::vector<std::size_t>& column,
           const std::vector<double>& wanted) {
  struct Pool {
    double sum;  // of where each would have the first one lie
    std::size_t size;
    double middle() const { return sum / static_cast<double>(size); }
  };
  std::vector<double> offset(column.size());  // from the middle of the first one
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (i > 0) {
      const double heights = items[column[i - 1]].height + items[column[i]].height;
      offset[i] = offset[i - 1] + heights / 2 + kRowGap;
    }
    pools.push_back({wanted[i] - offset[i], 1});
    while (pools.size() > 1 && pools[pools.size() - 2].middle() >= pools.back().middle()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().size += last.size;
    }
  }
  std::size_t i = 0;
  for (const Pool& pool : pools) {
    for (const std::size_t end = i + pool.size; i < end; ++i) {
      items[column[i]].y = pool.middle() + offset[i];
    }
  }
}

class Columns {
 public:
  Columns(const Graph& graph, double box_height);

  void arrange();
  std::vector<Span> spans(const std::vector<double>& widths) const;

  // Where the edge from a child leaves it, and enters and leaves the columns before the node's.
  std::vector<Point> course(std::uint32_t child, std::uint32_t node,
                            const std::vector<Span>& spans) const;

  std::vector<Item> items;                                             // the graph's nodes first
  std::vector<std::vector<std::size_t>> columns;                       // items from top to bottom
  std::map<std::pair<std::uint32_t, std::size_t>, std::size_t> lanes;  // of (child, column)

 private:
  std::size_t add(std::size_t column, double height);
  void connect(std::uint32_t child, std::size_t node, double port);
  double wanted(const Item& item, bool from_left, bool from_right) const;
  void sweep(std::size_t column, bool from_left, bool from_right, bool reorder);
};

std::size_t Columns::add(std::size_t column, double height) {
  items.push_back({column, height, 0, {}, {}});
  columns[column].push_back(items.size() - 1);
  return items.size() - 1;
}

Columns::Columns(const Graph& graph, double box_height) {
  const std::vector<std::size_t> ranks = ranks_of(graph);
  const std::size_t last = *std::max_element(ranks.begin(), ranks.end());
  columns.resize(last + 1);
  for (const std::size_t rank : ranks) add(last - rank, box_height);
  for (std::uint32_t node = 0; node < graph.size(); ++node) {
    for (const auto& [child, port] : children_of(graph, node)) connect(child, node, port);
  }
  // A depth-first walk keeps together what belongs together.
  std::vector<double> first(items.size(), static_cast<double>(graph.size()));
  const auto order = topological_order(graph);
  for (std::size_t i = 0; i < order.size(); ++i) first[order[i]] = static_cast<double>(i);
  for (const auto& [lane, item] : lanes) first[item] = first[lane.first];
  for (auto& column : columns) {
    std::stable_sort(column.begin(), column.end(),
                     [&](std::size_t a, std::size_t b) { return first[a] < first[b]; });
    place(items, column, std::vector<double>(column.size(), 0));
  }
}

// All edges that pass a column from one child share a lane.
void Columns::connect(std::uint32_t child, std::size_t node, double port) {
  std::size_t before = child;
  for (std::size_t column = items[child].column + 1; column < items[node].column; ++column) {
    const auto [lane, is_new] = lanes.try_emplace({child, column}, 0);
    if (is_new) {
      lane->second = add(column, kLaneHeight);
      items[before].right.emplace_back(lane->second, 0);
      items[lane->second].left.emplace_back(before, 0);
    }
    before = lane->second;
  }
  items[before].right.emplace_back(node, port);
  items[node].left.emplace_back(before, port);
}

// The mean of where its edges would have an item.
double Columns::wanted(const Item& item, bool from_left, bool from_right) const {
  double sum = 0;
  std::size_t n = 0;
  if (from_left) {
    for (const auto& [other, port] : item.left) sum += items[other].y - port;
    n += item.left.size();
  }
  if (from_right) {
    for (const auto& [other, port] : item.right) sum += items[other].y + port;
    n += item.right.size();
  }
  return n == 0 ? item.y : sum / static_cast<double>(n);
}

void Columns::sweep(std::size_t column, bool from_left, bool from_right, bool reorder) {
  std::vector<std::size_t>& order = columns[column];
  std::map<std::size_t, double> goal;
  for (const std::size_t item : order) goal[item] = wanted(items[item], from_left, from_right);
  if (reorder) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return goal[a] < goal[b]; });
  }
  std::vector<double> goals;
  for (const std::size_t item : order) goals.push_back(goal[item]);
  place(items, order, goals);
}

void Columns::arrange() {
  for (int i = 0; i < kSweeps; ++i) {
    for (std::size_t c = 1; c < columns.size(); ++c) sweep(c, true, false, true);
    for (std::size_t c = columns.size() - 1; c-- > 0;) sweep(c, false, true, true);
  }
  for (int i = 0; i < kSweeps; ++i) {
    for (std::size_t c = 0; c < columns.size(); ++c) sweep(c, true, true, false);
  }
}

std::vector<Span> Columns::spans(const std::vector<double>& widths) const {
  std::vector<Span> spans;
  for (const auto& column : columns) {
    const double left = spans.empty() ? kMargin : spans.back().right + kColumnGap;
    spans.push_back({left, left});
    for (const std::size_t item : column) {
      if (item >= widths.size()) continue;
      spans.back().right = std::max(spans.back().right, left + widths[item]);
    }
  }
  return spans;
}

std::vector<Point> Columns::course(std::uint32_t child, std::uint32_t node,
                                   const std::vector<Span>& spans) const {
  const std::size_t from = items[child].column;
  std::vector<Point> points = {{spans[from].right, items[child].y}};
  for (std::size_t c = from + 1; c < items[node].column; ++c) {
    const double y = items[lanes.at({child, c})].y;
    points.insert(points.end(), {{spans[c].left, y}, {spans[c].right, y}});
  }
  return points;
}

}  // namespace

Layout lay_out(const Graph& graph, const std::vector<double>& widths, double box_height) {
  Columns columns(graph, box_height);
  columns.arrange();
  const std::vector<Span> spans = columns.spans(widths);

  Layout layout;
  layout.width = spans.back().right + kMargin;
  double top = std::numeric_limits<double>::max(), bottom = std::numeric_limits<double>::lowest();
  for (const Item& item : columns.items) {
    top = std::min(top, item.y - item.height / 2);
    bottom = std::max(bottom, item.y + item.height / 2);
  }
  layout.height = bottom - top + 2 * kMargin;
  for (Item& item : columns.items) item.y += kMargin - top;

  // Boxes stand at the right end of their column, so that what comes out of them is level.
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const Item& item = columns.items[i];
    layout.boxes.push_back({spans[item.column].right - widths[i], item.y - box_height / 2});
  }
  for (std::uint32_t node = 0; node < graph.size(); ++node) {
    for (const auto& [child, port] : children_of(graph, node)) {
      layout.edges.push_back({child, node, columns.course(child, node, spans)});
      std::vector<Point>& points = layout.edges.back().points;
      const double y = columns.items[node].y + port;
      points.insert(points.end(),
                    {{spans[columns.items[node].column].left, y}, {layout.boxes[node].x, y}});
    }
  }
  return layout;
}

}  // namespace microgpt
