#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "graph/layout.h"
#include "microgpt/error.h"
#include "microgpt/graph_picture.h"

namespace microgpt {
namespace {

constexpr double kLetter = 7.3;  // the width of one, of 12 pixels in a monospaced font
constexpr double kPadding = 8;
constexpr double kHeight = 28;  // of a box
constexpr double kOvalGap = 18;

constexpr char kStyle[] = R"(
  svg { background: #fff; color: #1b1b1b; }
  text { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: currentColor; }
  rect, ellipse { fill: #f3f5f8; stroke: #5b6470; }
  ellipse { fill: #e3ecfa; }
  path { fill: none; stroke: #5b6470; }
  .arrow { fill: #5b6470; stroke: none; }
  .leaf rect { fill: #eaf5ea; }
  .root rect { stroke: #1b1b1b; stroke-width: 2; }
  .marked rect, .marked ellipse { fill: #ffe7ad; stroke: #8a5a00; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181c; color: #ececec; }
    rect, ellipse { fill: #24282f; stroke: #98a2b0; }
    ellipse { fill: #24344d; }
    path { stroke: #98a2b0; }
    .arrow { fill: #98a2b0; }
    .leaf rect { fill: #213021; }
    .root rect { stroke: #ececec; }
    .marked rect, .marked ellipse { fill: #55410f; stroke: #f0c048; }
  }
)";

// The three fields of a node's box, and where they and the oval before them lie in it.
struct Cell {
  std::string operation;  // empty: no oval
  std::vector<std::string> fields;
  double oval_width = 0;
  double width = 0;

  double text_width(std::string_view text) const {
    return kLetter * static_cast<double>(text.size()) + 2 * kPadding;
  }
  double box_left() const { return operation.empty() ? 0 : oval_width + kOvalGap; }
};

Cell cell_of(const Graph& graph, std::uint32_t node, int digits) {
  Cell cell;
  cell.operation = operation_of(graph, node);
  cell.fields = {label_of(graph, node), fmt::format("data {:.{}g}", graph.data[node], digits),
                 fmt::format("grad {:.{}g}", graph.grad[node], digits)};
  cell.oval_width = std::max(kHeight, cell.text_width(cell.operation));
  cell.width = cell.box_left();
  for (const std::string& field : cell.fields) cell.width += cell.text_width(field);
  return cell;
}

// As text of an XML document, which has no control characters.
std::string xml(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += c >= 0 && c < ' ' ? ' ' : c;
    }
  }
  return result;
}

std::string svg_text(double x, double y, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", x, y + 4,
                     xml(text));
}

std::string svg_arrow(Point to) {
  return fmt::format("<path class=\"arrow\" d=\"M{:.1f} {:.1f}l-7 -3.5v7z\"/>", to.x, to.y);
}

// Level through the columns, bent between them.
std::string svg_edge(const Layout::Edge& edge) {
  const std::vector<Point>& points = edge.points;
  std::string d = fmt::format("M{:.1f} {:.1f}", points[0].x, points[0].y);
  for (std::size_t i = 1; i + 1 < points.size(); i += 2) {
    const Point from = points[i - 1], to = points[i];
    const double middle = (from.x + to.x) / 2;
    d += fmt::format("C{0:.1f} {1:.1f} {0:.1f} {2:.1f} {3:.1f} {2:.1f}H{4:.1f}", middle, from.y,
                     to.y, to.x, points[i + 1].x);
  }
  return fmt::format("<path class=\"edge\" data-from=\"{}\" data-to=\"{}\" d=\"{}\"/>{}\n",
                     edge.from, edge.to, d, svg_arrow(points.back()));
}

std::string svg_oval(const Cell& cell, Point corner, double y) {
  const double left = corner.x + cell.box_left();
  return fmt::format("<ellipse cx=\"{:.1f}\" cy=\"{:.1f}\" rx=\"{:.1f}\" ry=\"{:.1f}\"/>",
                     corner.x + cell.oval_width / 2, y, cell.oval_width / 2, kHeight / 2) +
         svg_text(corner.x + cell.oval_width / 2, y, cell.operation) +
         fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\"/>", left - kOvalGap, y, left) +
         svg_arrow({left, y});
}

std::string svg_box(const Cell& cell, Point corner, double y) {
  double x = corner.x + cell.box_left();
  std::string text =
      fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"3\"/>", x,
                  corner.y, cell.width - cell.box_left(), kHeight);
  for (std::size_t i = 0; i < cell.fields.size(); ++i) {
    if (i > 0) text += fmt::format("<path d=\"M{:.1f} {:.1f}v{}\"/>", x, corner.y, kHeight);
    const double width = cell.text_width(cell.fields[i]);
    text += svg_text(x + width / 2, y, cell.fields[i]);
    x += width;
  }
  return text;
}

std::string svg_node(const Graph& graph, std::uint32_t node, const Cell& cell, Point corner,
                     const PictureOptions& options) {
  const double y = corner.y + kHeight / 2;
  std::string text = fmt::format(
      "<g class=\"node{}{}{}\" data-node=\"{}\">", graph.op[node] == Op::kLeaf ? " leaf" : "",
      node == graph.root ? " root" : "", options.marked == node ? " marked" : "", node);
  text += fmt::format("<title>{}: data {}, grad {}</title>", xml(label_of(graph, node)),
                      graph.data[node], graph.grad[node]);
  if (!cell.operation.empty()) text += svg_oval(cell, corner, y);
  return text + svg_box(cell, corner, y) + "</g>\n";
}

// The characters that mean something in Graphviz's records take a backslash.
std::string dot_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("{}|<>\\\"").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string dot_node(const Graph& graph, std::uint32_t node, const PictureOptions& options) {
  const Cell cell = cell_of(graph, node, options.digits);
  const char* const style = options.marked == node ? ", style=bold" : "";
  std::string text =
      fmt::format("  n{} [shape=record, label=\"{{ {} | {} | {} }}\"{}];\n", node,
                  dot_escaped(cell.fields[0]), cell.fields[1], cell.fields[2], style);
  if (cell.operation.empty()) return text;
  text +=
      fmt::format("  op{0} [label=\"{1}\"{2}];\n  op{0} -> n{0};\n", node, cell.operation, style);
  text += fmt::format("  n{} -> op{};\n", graph.left[node], node);
  if (num_children(graph.op[node]) == 2)
    text += fmt::format("  n{} -> op{};\n", graph.right[node], node);
  return text;
}

}  // namespace

std::string label_of(const Graph& graph, std::uint32_t node) {
  return graph.name[node].empty() ? fmt::format("#{}", node) : graph.name[node];
}

std::string operation_of(const Graph& graph, std::uint32_t node) {
  const std::string_view name = to_string(graph.op[node]);
  return graph.op[node] == Op::kPow ? fmt::format("{}{}", name, graph.exponent[node])
                                    : std::string(name);
}

std::string format_svg(const Graph& graph, const PictureOptions& options) {
  if (graph.size() > kMaxPictureNodes) {
    throw Error(fmt::format("graph: {} nodes are no picture, expected at most {}; look at a part",
                            graph.size(), kMaxPictureNodes));
  }
  std::vector<Cell> cells;
  std::vector<double> widths;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    cells.push_back(cell_of(graph, i, options.digits));
    widths.push_back(cells.back().width);
  }
  const Layout layout = lay_out(graph, widths, kHeight);
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n<title>{2}</title>\n<desc>{3} numbers, from left to right "
      "in the order in which they are computed. Each box holds a name, its data and its gradient; "
      "each oval the operation that made it.</desc>\n<style>{4}</style>\n",
      layout.width, layout.height, xml(options.title), graph.size(), kStyle);
  for (const Layout::Edge& edge : layout.edges) text += svg_edge(edge);
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    text += svg_node(graph, i, cells[i], layout.boxes[i], options);
  }
  return text + "</svg>\n";
}

std::string format_dot(const Graph& graph, const PictureOptions& options) {
  std::string text = fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n", dot_escaped(options.title));
  for (std::uint32_t i = 0; i < graph.size(); ++i) text += dot_node(graph, i, options);
  return text + "}\n";
}

}  // namespace microgpt
