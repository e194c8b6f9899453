// Where the nodes and edges of a picture lie: columns from the leaves on the left to the root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "microgpt/graph.h"

namespace microgpt {

struct Point {
  double x, y;
};

struct Layout {
  // From a child to a node: it runs level through the columns between them, past their boxes, and
  // bends in the gaps: points[0] to [1], [2] to [3] and so on. points[0] is where it leaves the
  // child, the last one where it comes to the node.
  struct Edge {
    std::uint32_t from, to;
    std::vector<Point> points;
  };

  std::vector<Point> boxes;  // the upper left corner of each node's
  std::vector<Edge> edges;   // of each node in order, left child before right
  double width = 0;
  double height = 0;
};

// widths: of each node's box; all have the same height.
// The columns are those of the longest paths to the root; their order is found by barycentres
// (Sugiyama, Tagawa, Toda 1981, "Methods for visual understanding of hierarchical systems").
Layout lay_out(const Graph& graph, const std::vector<double>& widths, double box_height);

}  // namespace microgpt
