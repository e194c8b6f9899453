// Pictures of graphs in micrograd's notation: a box of name, data and gradient for each number, and
// an oval for the operation that made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "microgpt/graph.h"

namespace microgpt {

struct PictureOptions {
  std::string title = "Graph";
  int digits = 6;                       // significant ones of a number
  std::optional<std::uint32_t> marked;  // a node to point out
};

// More than this is no picture.
inline constexpr std::size_t kMaxPictureNodes = 500;

// An SVG document that needs nothing else, for light and dark pages. Each node is a <g class="node"
// data-node="its number">, each edge a <path class="edge" data-from="child" data-to="node">; the
// left child comes in above the right one.
// Throws Error: more than kMaxPictureNodes nodes.
std::string format_svg(const Graph& graph, const PictureOptions& options = {});

// A graph in Graphviz's language, for `dot`.
std::string format_dot(const Graph& graph, const PictureOptions& options = {});

// What a node is called: its name, or "#5" after its number.
std::string label_of(const Graph& graph, std::uint32_t node);

// What an oval says: "+", "relu", "**2".
std::string operation_of(const Graph& graph, std::uint32_t node);

}  // namespace microgpt
