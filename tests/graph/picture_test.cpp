#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "graph/layout.h"
#include "graph/random_expression.h"
#include "microgpt/expression.h"
#include "microgpt/graph_picture.h"
#include "support/message_of.h"
#include "support/python.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

std::vector<Graph> graphs_to_draw() {
  std::vector<Graph> graphs;
  for (const char* text : {"1", "L = a*b + a; a=2; b=3", "a + a + a + a + a + a; a=1"}) {
    graphs.push_back(graph_of_expression(text));
  }
  for (unsigned seed = 1; seed <= 40; ++seed) {
    message_of(
        [&] { graphs.push_back(graph_of_expression(test::RandomExpression(seed).program())); });
  }
  return graphs;
}

bool overlap(double a_low, double a_high, double b_low, double b_high) {
  return a_low < b_high && b_low < a_high;
}

TEST(Layout, BoxesAreApartAndNoEdgePassesThroughOne) {
  constexpr double kHeight = 20;
  for (const Graph& graph : graphs_to_draw()) {
    std::vector<double> widths;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      widths.push_back(40 + 17 * static_cast<double>(i % 5));
    }
    const Layout layout = lay_out(graph, widths, kHeight);
    std::size_t edges = 0;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      edges += static_cast<std::size_t>(num_children(graph.op[i]));
      const Point a = layout.boxes[i];
      EXPECT_TRUE(a.x >= 0 && a.y >= 0 && a.x + widths[i] <= layout.width &&
                  a.y + kHeight <= layout.height);
      for (std::size_t j = 0; j < i; ++j) {
        const Point b = layout.boxes[j];
        EXPECT_FALSE(overlap(a.x, a.x + widths[i], b.x, b.x + widths[j]) &&
                     overlap(a.y, a.y + kHeight, b.y, b.y + kHeight))
            << i << " lies on " << j;
      }
    }
    ASSERT_EQ(layout.edges.size(), edges);
    for (const Layout::Edge& edge : layout.edges) {
      EXPECT_TRUE(graph.left[edge.to] == edge.from || graph.right[edge.to] == edge.from);
      const Point end = edge.points.back();
      EXPECT_EQ(end.x, layout.boxes[edge.to].x);
      EXPECT_NEAR(end.y, layout.boxes[edge.to].y + kHeight / 2, kHeight / 2);
      EXPECT_NEAR(edge.points[0].x, layout.boxes[edge.from].x + widths[edge.from], 1e-9);
      for (std::size_t p = 0; p + 1 < edge.points.size(); ++p) {
        const Point from = edge.points[p], to = edge.points[p + 1];
        EXPECT_LE(from.x, to.x);
        for (std::size_t i = 0; i < graph.size(); ++i) {
          const Point box = layout.boxes[i];
          EXPECT_FALSE(overlap(from.x, to.x, box.x, box.x + widths[i]) &&
                       overlap(std::min(from.y, to.y) - 1, std::max(from.y, to.y) + 1, box.y,
                               box.y + kHeight))
              << edge.from << " to " << edge.to << " passes through " << i;
        }
      }
    }
  }
}

TEST(Layout, EdgesOfATreeDoNotCross) {
  const Graph graph = graph_of_expression(
      "((a*b + relu(c))*d + (e + f*(g + h))*exp(i)) * (log(j) + k*l*m)**2;"
      "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=0.5;j=9;k=2;l=3;m=4");
  const Layout layout = lay_out(graph, std::vector<double>(graph.size(), 50), 20);
  for (const Layout::Edge& one : layout.edges) {
    for (const Layout::Edge& other : layout.edges) {
      if (one.points[0].x != other.points[0].x || one.points[0].y >= other.points[0].y) continue;
      EXPECT_LT(one.points[1].y, other.points[1].y)
          << one.from << " to " << one.to << " crosses " << other.from << " to " << other.to;
    }
  }
}

// A chain is drawn straight: nothing needs to bend.
TEST(Layout, AChainIsLevel) {
  const Graph graph = graph_of_expression("relu(log(exp(relu(2))))");
  const Layout layout = lay_out(graph, std::vector<double>(graph.size(), 50), 20);
  for (const Point& box : layout.boxes) EXPECT_NEAR(box.y, layout.boxes[0].y, 1e-9);
}

// What an XML parser finds in it: elements, and each node's and edge's numbers.
TEST(Svg, IsAnXmlDocumentWithAllNodesAndEdges) {
  const TempFolder folder;
  std::vector<Graph> graphs = graphs_to_draw();
  for (Graph& graph : graphs) graph.name[0] = "<&\"'>\x01";
  std::string script = R"(
from xml.dom import minidom
def read(path):
    document = minidom.parse(path).documentElement
    tags = lambda tag: document.getElementsByTagName(tag)
    assert document.tagName == 'svg' and document.getAttribute('role') == 'img'
    assert [x.tagName for x in document.childNodes if x.nodeType == 1][:2] == ['title', 'desc']
    assert not any(x.getAttribute(a) for x in tags('*') for a in ('href', 'xlink:href', 'src'))
    assert 'url(' not in document.toxml() and '@import' not in document.toxml()
    print(*sorted(int(g.getAttribute('data-node')) for g in tags('g')), -1,
          *sorted(int(p.getAttribute('data-from')) * 10000 + int(p.getAttribute('data-to'))
                  for p in tags('path') if p.getAttribute('class') == 'edge'), -1,
          len(tags('rect')), len(tags('ellipse')))
)";
  std::string expected;
  for (std::size_t n = 0; n < graphs.size(); ++n) {
    const Graph& graph = graphs[n];
    const std::string path = folder / (std::to_string(n) + ".svg");
    put_file(path, format_svg(graph));
    script += "read('" + path + "')\n";
    std::vector<std::size_t> edges;
    std::size_t operations = 0;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      expected += std::to_string(i) + " ";
      const int children = num_children(graph.op[i]);
      if (children > 0) edges.push_back(graph.left[i] * 10000 + i);
      if (children > 1) edges.push_back(graph.right[i] * 10000 + i);
      operations += children > 0 ? 1 : 0;
    }
    std::sort(edges.begin(), edges.end());
    expected += "-1 ";
    for (const std::size_t edge : edges) expected += std::to_string(edge) + " ";
    expected += "-1 " + std::to_string(graph.size()) + " " + std::to_string(operations) + "\n";
  }
  MICROGPT_RUN_PYTHON(output, script);
  EXPECT_EQ(output, expected);
}

TEST(Svg, ShowsNumbersAndTheMarkedNode) {
  Graph graph = graph_of_expression("L = a**2 + a; a=1.5");
  backward(graph, topological_order(graph));
  PictureOptions options;
  options.marked = graph.root;
  const std::string svg = format_svg(graph, options);
  for (const char* part :
       {">a</text>", ">data 1.5</text>", ">grad 4</text>", ">**2</text>", ">+</text>",
        ">data 3.75</text>", "prefers-color-scheme: dark", "class=\"node root marked\""}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
}

TEST(Svg, HasALimit) {
  std::string sum = "a=1; L=a";
  for (int i = 0; i < 500; ++i) sum += "+a";
  const Graph graph = graph_of_expression(sum);
  EXPECT_EQ(message_of([&] { format_svg(graph); }),
            "graph: 501 nodes are no picture, expected at most 500; look at a part");
}

// Each line is a statement of the language; where Graphviz is installed it is asked too.
TEST(Dot, IsWhatGraphvizReads) {
  const TempFolder folder;
  const std::regex line(
      R"re(digraph "([^"\\]|\\.)*" \{|\}|  rankdir=LR;|)re"
      R"re(  n\d+ \[shape=record, label="\{ (([^"\\{}|<>]|\\.)+( \| (data|grad) [-+.e\d]+){2}) \}"(, style=bold)?\];|)re"
      R"re(  op\d+ \[label="[-+*.e\da-z]+"(, style=bold)?\];|  (n|op)\d+ -> (n|op)\d+;)re");
  const bool has_dot = std::system("command -v dot >/dev/null 2>&1") == 0;
  for (Graph& graph : graphs_to_draw()) {
    graph.name[0] = "<&\"'>|{}\\";
    PictureOptions options;
    options.marked = 0;
    options.title = "a \"title\"\\";
    const std::string dot = format_dot(graph, options);
    std::size_t arrows = 0;
    std::istringstream lines(dot);
    for (std::string text; std::getline(lines, text);) {
      EXPECT_TRUE(std::regex_match(text, line)) << text;
      arrows += text.find("->") != std::string::npos ? 1 : 0;
    }
    std::size_t expected = 0;
    for (const Op op : graph.op) {
      expected += op == Op::kLeaf ? 0 : static_cast<std::size_t>(1 + num_children(op));
    }
    EXPECT_EQ(arrows, expected);
    if (!has_dot || graph.size() > 20) continue;
    put_file(folder / "graph.dot", dot);
    const std::string command =
        "dot -Tplain '" + (folder / "graph.dot") + "' >/dev/null 2>'" + (folder / "errors") + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(get_file(folder / "errors"), "") << dot;
  }
}

}  // namespace
}  // namespace microgpt
