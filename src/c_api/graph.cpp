// Graphs for C: a trace's, or of an expression.
#include <algorithm>

#include "c_api/handles.h"
#include "microgpt/expression.h"

using namespace microgpt;
using namespace microgpt::c_api;

static_assert(MICROGPT_OP_RELU == static_cast<int>(Op::kRelu));

microgpt_graph* microgpt_graph_parse(const char* expression, size_t size) {
  return pointer_of([&] {
    return new microgpt_graph(graph_of_expression(text_given(expression, size, "expression")));
  });
}

void microgpt_graph_free(microgpt_graph* graph) {
  if (graph != nullptr && graph->own) delete graph;
}

const char* microgpt_graph_name(microgpt_graph* graph, uint32_t node, size_t* size) {
  return pointer_of([&] {
    microgpt_graph& g = given(graph, "graph");
    check_index(node, g.graph.size(), "node");
    g.text = g.graph.name[node];
    return hand_out(g.text, size);
  });
}

size_t microgpt_graph_size(const microgpt_graph* graph) {
  return graph == nullptr ? 0 : graph->graph.size();
}

int microgpt_graph_root(const microgpt_graph* graph, uint32_t* root) {
  return status_of([&] { given(root, "root") = given(graph, "graph").graph.root; });
}

int microgpt_graph_nodes(const microgpt_graph* graph, size_t from, size_t count,
                         microgpt_nodes* nodes) {
  return status_of([&] {
    const Graph& g = given(graph, "graph").graph;
    if (from > g.size()) check_index(from, g.size(), "from");
    given(nodes, "nodes") = {.count = std::min(count, g.size() - from),
                             .op = reinterpret_cast<const std::uint8_t*>(g.op.data()) + from,
                             .data = g.data.data() + from,
                             .grad = g.grad.data() + from,
                             .left = g.left.data() + from,
                             .right = g.right.data() + from,
                             .left_local_grad = g.left_local_grad.data() + from,
                             .right_local_grad = g.right_local_grad.data() + from,
                             .exponent = g.exponent.data() + from};
  });
}

int microgpt_graph_evaluate(const microgpt_graph* graph, const uint32_t* leaves, size_t num_leaves,
                            const double* settings, size_t num_settings, const uint32_t* nodes,
                            size_t num_nodes, double* values) {
  return status_of([&] {
    Graph g = given(graph, "graph").graph;
    if (num_leaves > 0) {
      given(leaves, "leaves");
      given(settings, "settings");
    }
    if (num_nodes > 0) {
      given(nodes, "nodes");
      given(values, "values");
    }
    for (size_t j = 0; j < num_leaves; ++j) {
      check_index(leaves[j], g.size(), "leaf");
      if (g.op[leaves[j]] != Op::kLeaf)
        throw Error("leaf: expected a node that was given, got one computed");
    }
    for (size_t j = 0; j < num_nodes; ++j) check_index(nodes[j], g.size(), "node");
    for (size_t i = 0; i < num_settings; ++i) {
      for (size_t j = 0; j < num_leaves; ++j) g.data[leaves[j]] = *settings++;
      recompute(g);
      for (size_t j = 0; j < num_nodes; ++j) *values++ = g.data[nodes[j]];
    }
  });
}

const uint32_t* microgpt_graph_order(const microgpt_graph* graph, size_t* count) {
  return pointer_of([&] {
    const auto& order = given(graph, "graph").order;
    given(count, "count") = order.size();
    return order.data();
  });
}

int microgpt_backward_step(microgpt_graph* graph, size_t turns) {
  return status_of([&] {
    microgpt_graph& g = given(graph, "graph");
    backward(g.graph, g.order, turns);
    g.has_grads = true;
    g.turns = std::min(turns, g.order.size());
  });
}

int microgpt_backward_next(microgpt_graph* graph, size_t* turns) {
  return status_of([&] {
    microgpt_graph& g = given(graph, "graph");
    std::size_t& done = given(turns, "turns");
    if (g.turns == 0) backward(g.graph, g.order, 0);
    g.has_grads = true;
    if (g.turns < g.order.size()) {
      pass_gradient_on(g.graph, g.order[g.order.size() - 1 - g.turns++]);
    }
    done = g.turns;
  });
}

int microgpt_backward_recursive(microgpt_graph* graph) {
  return status_of([&] {
    microgpt_graph& g = given(graph, "graph");
    g.graph.grad = recursive_backward(g.graph).grad;
    g.has_grads = true;
    g.turns = 0;
  });
}
