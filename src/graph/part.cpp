#include <fmt/format.h>

#include <string>
#include <utility>

#include "microgpt/graph.h"

namespace microgpt {
namespace {

// Which nodes of a graph are in a part of it.
struct Selection {
  std::vector<bool> in;
  std::vector<bool> whole;  // its children are in too

  explicit Selection(std::size_t size) : in(size), whole(size) {}

  void take_whole(const Graph& graph, std::uint32_t node) {
    whole[node] = in[node] = in[graph.left[node]] = in[graph.right[node]] = true;
  }
};

void select_below(const Graph& graph, std::uint32_t from, std::size_t depth, Selection& selection) {
  std::vector<std::uint32_t> level = {from};
  for (; depth > 0 && !level.empty(); --depth) {
    std::vector<std::uint32_t> next;
    for (const std::uint32_t node : level) {
      if (selection.whole[node]) continue;
      selection.take_whole(graph, node);
      next.insert(next.end(), {graph.left[node], graph.right[node]});
    }
    level = std::move(next);
  }
}

void select_above(const Graph& graph, std::uint32_t from, std::size_t parents,
                  Selection& selection) {
  std::vector<bool> level(graph.size());
  level[from] = true;
  for (bool any = true; parents > 0 && any; --parents) {
    any = false;
    std::vector<bool> next(graph.size());
    for (std::uint32_t node = 0; node < graph.size(); ++node) {
      if (graph.op[node] == Op::kLeaf) continue;
      if (!level[graph.left[node]] && !level[graph.right[node]]) continue;
      any = next[node] = true;
      selection.take_whole(graph, node);
    }
    level = std::move(next);
  }
}

// Appends a node, whose children are in the part already.
//   places: where the graph's nodes are in the part
void append(Graph& part, const Graph& graph, std::uint32_t node,
            const std::vector<std::uint32_t>& places) {
  part.op.push_back(graph.op[node]);
  part.data.push_back(graph.data[node]);
  part.grad.push_back(graph.grad[node]);
  part.left.push_back(places[graph.left[node]]);
  part.right.push_back(places[graph.right[node]]);
  part.left_local_grad.push_back(graph.left_local_grad[node]);
  part.right_local_grad.push_back(graph.right_local_grad[node]);
  part.exponent.push_back(graph.exponent[node]);
  part.name.push_back(graph.name[node]);
}

// Makes a leaf of the last node.
void cut_off(Graph& part) {
  part.op.back() = Op::kLeaf;
  part.left.back() = part.right.back() = static_cast<std::uint32_t>(part.size() - 1);
  part.left_local_grad.back() = part.right_local_grad.back() = part.exponent.back() = 0;
  std::string& name = part.name.back();
  name = (name.empty() ? fmt::format("#{}", part.size() - 1) : name) + " ...";
}

}  // namespace

Graph part_of(const Graph& graph, std::uint32_t node, std::size_t depth, std::size_t parents) {
  Selection selection(graph.size());
  selection.in[node] = true;
  select_below(graph, node, depth, selection);
  select_above(graph, node, parents, selection);
  Graph part;
  std::vector<std::uint32_t> places(graph.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (!selection.in[i]) continue;
    places[i] = static_cast<std::uint32_t>(part.size());
    append(part, graph, i, places);
    if (!selection.whole[i] && graph.op[i] != Op::kLeaf) cut_off(part);
  }
  part.root = places[node];
  return part;
}

}  // namespace microgpt
