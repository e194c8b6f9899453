// Every number of one step, by name: what it is, what it was made of, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/checkpoint.h"
#include "microgpt/engine.h"
#include "microgpt/graph.h"

namespace microgpt {

// Where a kind of number is made.
struct Origin {
  std::string file;                  // of this project, "src/reference/gpt.h"
  int line = 0;                      // in it
  int python_line = 0;               // of microgpt.py's final edition
  std::string_view python_function;  // "gpt", "rmsnorm", ..., empty at the top level
  std::string_view formula;          // in microgpt.py's names: "scale * x[i]"
};

// A number, vector or matrix of a step. Its name is a path: `wte` and `layer0.attn_wq` are
// parameters, `pos2.layer0.head1.weights` was made at position 2, `loss` is the whole step's, and
// `adam.wte.m_hat` belongs to the update.
struct Traced {
  std::string name;
  std::vector<std::size_t> shape;      // empty: one number
  std::vector<double> data;            // row by row
  std::vector<double> grad;            // of the root; empty without a backward pass and for Adam's
  std::vector<std::uint32_t> nodes;    // of Trace::graph, one for each number; empty for Adam's
  std::vector<std::uint32_t> parents;  // of what it was made: indices into Trace::traced
  Origin origin;
};

// One number of a trace.
struct Element {
  std::uint32_t traced = 0;  // index into Trace::traced
  std::uint32_t index = 0;   // into its data

  bool operator==(const Element&) const = default;
};

inline constexpr Element kUnnamed = {std::numeric_limits<std::uint32_t>::max(), 0};

struct Trace {
  Config config;
  std::vector<int> tokens;    // BOS, the ids of the text, BOS
  std::size_t first_pos = 0;  // positions before it were given, not computed
  bool has_grads = false;
  std::optional<int> round;    // decimals that the numbers were rounded to as they were made
  std::vector<Traced> traced;  // in the order in which they were made, parameters first
  Graph graph;                 // its root is the loss
  std::vector<Element> names;  // of each node of the graph, or kUnnamed
  // The update, if it was asked for, and the moments before it over all parameters in order.
  std::optional<OptimizerStep> step;
  std::vector<double> adam_m, adam_v;
};

// Keys and values that a sequence has before its first traced position: [layer][position][n_embd].
struct GivenCache {
  std::vector<std::vector<std::vector<double>>> keys, values;
};

struct TraceOptions {
  bool backward = false;
  std::optional<OptimizerStep> step;  // Adam's update too; asks for `backward`
  // As by hand: each number is rounded to so many decimals when it is written down, and what only
  // leads to others (mean squares, scales, dot products, exponentials) to one more.
  std::optional<int> round;
  std::optional<GivenCache> cache;
};

// One step of a model on one document, by the reference engine's own code: the same bits. If the
// state has moments, Adam goes on from them.
// Throws Error: check_state_dict fails, fewer than two tokens or one out of range, more than
// block_size + 1 tokens, a cache of another shape or as long as the document, an optimizer that is
// not Adam or whose step or constants are out of range, decimals not within 0 to 15, or too little
// memory for the graph.
Trace trace(const Config& config, const StateDict& state, std::span<const int> tokens,
            const TraceOptions& options = {});

// The loss of that step alone, after a cache, many times as fast; the same bits. Throws as trace
// does.
double loss_after(const GivenCache& cache, const Config& config, const StateDict& state,
                  std::span<const int> tokens);

// "pos2.layer0.q[3]": the name with an index for each dimension.
std::string path_of(const Trace& trace, Element element);

// The inverse; an index may be left out for a single number. Throws Error naming similar paths:
// there is no such number.
Element find_element(const Trace& trace, std::string_view path);

// Index into trace.traced. Throws Error naming similar names: there is none.
std::size_t find_traced(const Trace& trace, std::string_view name);

// The named numbers that one was made of, each once, in the order in which its formula has them; of
// Adam's two moments the parameter stands for its gradient. And the inverse, in the order in which
// they were made: those that were made of it.
std::vector<Element> parents_of(const Trace& trace, Element element);
std::vector<Element> users_of(const Trace& trace, Element element);

// Formulas are Python expressions over named numbers: a value is made of those that were given
// names before it, a gradient of the gradients of those that use it. What they evaluate to, in this
// order of operations, is the number to the last bit (but for the sign of a zero; and a value that
// was rounded is what they evaluate to, rounded).
enum class FormulaStyle {
  kNames,    // pos2.layer0.q[0]: layer0.attn_wq[0][0]*pos2.layer0.attn_norm.x[0] + ...
  kNumbers,  // 0.5*-0.883 + ...
  kLinks,    // {3:0}*{14:0} + ...: {t:i} is number i of Trace::traced[t], grad{t:i} its gradient
};

struct FormulaText;

class FormulaWriter {
 public:
  // Holds on to the trace.
  explicit FormulaWriter(const Trace& trace);

  // How a number was made; empty for a parameter or a given number.
  //   digits: significant ones of each number; 17: the shortest that read back to the same bits.
  std::string value(Element element, FormulaStyle style, int digits = 17) const;

  // How its gradient was. In the style kNames the gradient of a number is grad(its path). Empty
  // where nothing uses it, for Adam's numbers, and for the root, whose gradient is 1.
  std::string gradient(Element element, FormulaStyle style, int digits = 17) const;

 private:
  struct Use {
    std::uint32_t node;
    bool left;  // as its left child
  };

  FormulaText gradient_of(std::uint32_t node, FormulaStyle style, int digits) const;
  FormulaText turn_text(const Use& use, FormulaStyle style, int digits) const;
  FormulaText gradient_text(std::uint32_t node, FormulaStyle style, int digits) const;

  const Trace& trace_;
  std::vector<std::vector<Use>> uses_;  // of each node, in the order of the backward pass
};

// The walkthrough's toy model: 72 parameters, tokens BOS, a, b, c, one layer, one head.
Model toy_model();

// The keys and values that the walkthrough prints for BOS at 0 and 'a' at 1. They are not what its
// model computes.
GivenCache toy_printed_cache();

// What the walkthrough prints about 'b' at position 2, with the cache as printed.
struct PrintedFigure {
  std::string_view path;
  double printed;
  int decimals;
};

std::span<const PrintedFigure> toy_printed_figures();

}  // namespace microgpt
