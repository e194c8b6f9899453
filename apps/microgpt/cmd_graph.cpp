// microgpt graph: the graph of an expression or of a real step, and its backward pass turn by turn.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "built_in_model.h"
#include "command.h"
#include "graph_text.h"
#include "microgpt/expression.h"
#include "microgpt/graph_picture.h"
#include "microgpt/trace.h"
#include "output.h"

namespace microgpt {
namespace {

struct GraphOptions {
  std::string what;
  std::string text;
  bool has_text = false;
  std::string data = "embedded";
  std::string root;
  std::string at;
  std::optional<int> depth;    // none: 3
  std::optional<int> parents;  // none: 0
  bool steps = false;
  std::optional<int> step;  // none: all turns
  bool wrong = false;
  std::string format;
  int precision = 6;
  std::string out;

  // All gradients begin at the root that is looked at, and not at the loss.
  bool own_backward() const { return steps || wrong || step; }
};

// Of several names, any.
std::uint32_t find_name(const Graph& graph, const std::string& name) {
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (fmt::format(", {}, ", graph.name[i]).find(fmt::format(", {}, ", name)) != name.npos) {
      return i;
    }
  }
  throw Error(fmt::format("--at {}: nothing has this name", name));
}

// The node that --at #12 names; none for other names.
std::optional<std::uint32_t> find_number(const Graph& graph, const std::string& name) {
  if (!name.starts_with('#')) return std::nullopt;
  std::size_t node = 0;
  parse_value(name.substr(1), &node, "--at #", "the number of a node");
  if (node < graph.size()) return static_cast<std::uint32_t>(node);
  throw Error(fmt::format("--at {}: expected #0 to #{}", name, graph.size() - 1));
}

Graph part_at(const Graph& graph, std::uint32_t node, const GraphOptions& options) {
  return part_of(graph, node, static_cast<std::size_t>(options.depth.value_or(3)),
                 static_cast<std::size_t>(options.parents.value_or(0)));
}

Graph graph_of_text(const GraphOptions& options) {
  Graph graph = graph_of_expression(options.what, options.root);
  backward(graph, topological_order(graph));
  if (options.at.empty()) return graph;
  const auto number = find_number(graph, options.at);
  return part_at(graph, number ? *number : find_name(graph, options.at), options);
}

// A whole step, or its part around one number.
Graph graph_of_step(const GraphOptions& options) {
  const Model model = open_model(options.what, options.data);
  TraceOptions with_gradients;
  with_gradients.backward = true;
  Trace trace = microgpt::trace(model.config, model.state,
                                model.tokenizer.encode_document(options.text), with_gradients);
  for (std::size_t i = 0; i < trace.graph.size(); ++i) {
    if (trace.names[i] != kUnnamed) trace.graph.name[i] = path_of(trace, trace.names[i]);
  }
  if (options.at.empty()) return std::move(trace.graph);
  if (const auto number = find_number(trace.graph, options.at)) {
    return part_at(trace.graph, *number, options);
  }
  const Element element = find_element(trace, options.at);
  return part_at(trace.graph, trace.traced[element.traced].nodes.at(element.index), options);
}

void check_options(const GraphOptions& options) {
  const auto require = [](bool good, const char* message) {
    if (!good) throw UsageError(message);
  };
  const std::string& format = options.format;
  const bool picture = format == "svg" || format == "dot";
  require(format.empty() || picture || format == "text" || format == "json",
          "--format: expected svg, dot, text or json");
  require(options.depth.value_or(0) >= 0 && options.parents.value_or(0) >= 0,
          "--depth, --parents: out of range, expected 0 or more");
  require(!options.at.empty() || (!options.depth && !options.parents),
          "--depth, --parents: expected --at, around which they count");
  require(options.step.value_or(0) >= 0, "--step: out of range, expected 0 or more");
  require(options.precision >= 1 && options.precision <= 17,
          "--precision: out of range, expected 1 to 17");
  require(!picture || (!options.steps && !options.wrong),
          "--steps and --wrong are told as text or json; --step K draws one");
  require(!options.has_text || options.root.empty(), "--root is for expressions; take --at");
  std::error_code ignored;  // of an expression that can be no path
  const bool is_model = options.what == "toy" || options.what == "untrained" ||
                        std::filesystem::exists(options.what, ignored);
  require(options.has_text || !is_model,
          "a model, but no text; expected microgpt graph MODEL TEXT");
}

std::string default_format(const GraphOptions& options) {
  const bool whole_step = options.has_text && options.at.empty();
  return options.steps || options.wrong || whole_step ? "text" : "svg";
}

std::string format_text(const Graph& graph, const GraphOptions& options,
                        const GraphTextOptions& how) {
  if (!options.steps && !options.wrong) return format_nodes(graph, options.precision);
  return (options.steps ? format_steps(graph, how) : "") +
         (options.steps && options.wrong ? "\n" : "") +
         (options.wrong ? format_comparison(graph, options.precision) : "");
}

std::string format_graph(Graph graph, const GraphOptions& options) {
  const std::string format = options.format.empty() ? default_format(options) : options.format;
  const auto order = topological_order(graph);
  const std::size_t turns =
      options.step ? std::min(order.size(), static_cast<std::size_t>(*options.step)) : order.size();
  PictureOptions picture;
  picture.title = fmt::format("Graph of {}", label_of(graph, graph.root));
  picture.digits = options.precision;
  if (options.own_backward()) backward(graph, order, turns);
  if (options.step) {
    picture.title += fmt::format(" after {} of {} steps backward", turns, order.size());
    if (turns > 0) picture.marked = order[order.size() - turns];
  }
  const GraphTextOptions how = {options.precision, turns, options.steps, options.wrong};
  if (format == "svg") return format_svg(graph, picture);
  if (format == "dot") return format_dot(graph, picture);
  return format == "json" ? format_graph_json(std::move(graph), how)
                          : format_text(graph, options, how);
}

int run_graph(const GraphOptions& options, Output& out) {
  check_options(options);
  const std::string text =
      format_graph(options.has_text ? graph_of_step(options) : graph_of_text(options), options);
  if (options.out.empty()) {
    out.write(text);
  } else {
    OutputFile::write_whole(options.out, text);
  }
  return 0;
}

constexpr char kGraphExamples[] = R"(Examples:
  microgpt graph "L = a*b + a; a=2; b=3" --out graph.svg
  microgpt graph "relu(x*w + b); x=2; w=1.5; b=-1" --steps
  microgpt graph "c = b + b; b = a + a; a = 1" --wrong
  microgpt graph toy ab                                 how large a step's graph is
  microgpt graph toy ab --at pos1.loss --depth 4 --out loss.svg
  microgpt graph untrained emma --at "wte[4][0]" --depth 0 --parents 2 --format dot
  microgpt graph -- "-a**2; a=3"                        what begins with a minus sign)";

}  // namespace

Command graph_command(CLI::App& program) {
  CLI::App& app = *program.add_subcommand(
      "graph",
      "Show the graph of an expression or of a real step: each number, its gradient, its "
      "operation.\n"
      "An expression is a few statements in any order, separated by semicolons: numbers, names,\n"
      "+ - * / ** ( ), log, exp, relu. With MODEL and TEXT it is the loss of a text that a model\n"
      "reads, thousands of numbers: --at names the one to look at, as `microgpt trace` calls it.");
  const auto options = std::make_shared<GraphOptions>();
  app.add_option("expression", options->what, "an expression; or a model, before a text")
      ->type_name(fmt::format("EXPR|{}", kAnyModel))
      ->required();
  const CLI::Option* text =
      app.add_option("text", options->text, "what the model reads")->type_name("TEXT");
  add_value(app, "--data", &options->data, "FILE|names|embedded", "",
            "whose letters the untrained model has");
  add_value(app, "--root", &options->root, "NAME", "",
            "whose gradients (default: what no other statement uses)");
  add_value(app, "--at", &options->at, "PATH", "",
            "show what is around this number, or node #N; where --steps, --step, --wrong begin");
  app.add_option("--depth", options->depth, "levels of children below --at (default: 3)")
      ->type_name("N");
  app.add_option("--parents", options->parents, "levels of parents above --at (default: 0)")
      ->type_name("N");
  app.add_flag("--steps", options->steps, "tell each turn of the backward pass");
  app.add_option("--step", options->step, "stop after K turns")->type_name("K");
  app.add_flag("--wrong", options->wrong,
               "compare with a backward that recurses without topological order");
  add_value(app, "--format", &options->format, "svg|dot|text|json", "",
            "(default: svg; text for --steps, --wrong and a whole step)");
  add_value(app, "--precision", &options->precision, "N", "1 to 17", "significant digits");
  add_value(app, "--out", &options->out, "FILE", "", "write here, not to standard output");
  app.footer(kGraphExamples);
  return {&app, [options, text](Output& out) {
            options->has_text = text->count() > 0;
            return run_graph(*options, out);
          }};
}

}  // namespace microgpt
