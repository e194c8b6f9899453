// A trace as JSON, written piece by piece: it can be much larger than the model.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "trace_report.h"

namespace microgpt {
namespace {

using Json = nlohmann::ordered_json;

Json texts_of(const TraceReport& report) {
  Json texts = Json::array();
  for (const int token : report.trace.tokens) texts.push_back(report.tokenizer.token_name(token));
  return texts;
}

Json head_of(const TraceReport& report) {
  const Trace& trace = report.trace;
  const Config& c = trace.config;
  Json head = {{"format", "microgpt-trace-v1"},
               {"model", report.model},
               {"config",
                {{"n_layer", c.n_layer},
                 {"n_embd", c.n_embd},
                 {"block_size", c.block_size},
                 {"n_head", c.n_head},
                 {"vocab_size", c.vocab_size},
                 {"activation", to_string(c.activation)}}},
               {"text", report.text},
               {"tokens", trace.tokens},
               {"texts", texts_of(report)},
               {"bos", report.tokenizer.bos()},
               {"first_pos", trace.first_pos},
               {"round", nullptr},
               {"step", nullptr}};
  if (trace.round) head["round"] = *trace.round;
  if (trace.step) {
    head["step"] = {{"step", trace.step->step},
                    {"learning_rate", trace.step->learning_rate},
                    {"beta1", trace.step->beta1},
                    {"beta2", trace.step->beta2},
                    {"eps_adam", trace.step->eps_adam}};
  }
  return head;
}

// "a, b": what stands between the brackets of an object.
std::string members_of(const Json& object) {
  const std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

Json json_of(const TraceReport& report, std::uint32_t index, const FormulaWriter& writer) {
  const Trace& trace = report.trace;
  const Traced& traced = trace.traced[index];
  Json parents = Json::array();
  for (const std::uint32_t parent : traced.parents) parents.push_back(trace.traced[parent].name);
  Json object = {{"name", traced.name},
                 {"shape", traced.shape},
                 {"data", traced.data},
                 {"grad", nullptr},
                 {"parents", std::move(parents)},
                 {"formula", traced.origin.formula},
                 {"python_line", traced.origin.python_line},
                 {"python_function", traced.origin.python_function},
                 {"file", traced.origin.file},
                 {"line", traced.origin.line}};
  if (!traced.grad.empty()) object["grad"] = traced.grad;
  if (report.graph) object["nodes"] = traced.nodes;
  if (!report.formulas) return object;
  Json formulas = Json::array(), grad_formulas = Json::array();
  for (std::uint32_t i = 0; i < traced.data.size(); ++i) {
    formulas.push_back(writer.value({index, i}, FormulaStyle::kNames));
    if (trace.has_grads) {
      grad_formulas.push_back(writer.gradient({index, i}, FormulaStyle::kNames));
    }
  }
  object["formulas"] = std::move(formulas);
  if (trace.has_grads) object["grad_formulas"] = std::move(grad_formulas);
  return object;
}

Json json_of(const Graph& graph) {
  Json ops = Json::array();
  for (const Op op : graph.op) ops.push_back(to_string(op));
  return {{"root", graph.root},
          {"op", std::move(ops)},
          {"data", graph.data},
          {"grad", graph.grad},
          {"left", graph.left},
          {"right", graph.right},
          {"left_local_grad", graph.left_local_grad},
          {"right_local_grad", graph.right_local_grad},
          {"exponent", graph.exponent}};
}

}  // namespace

void write_json(const TraceReport& report, Output& out) {
  const FormulaWriter writer(report.trace);
  out.write("{" + members_of(head_of(report)) + ",\n\"traced\":[");
  bool first = true;
  for (std::uint32_t i = 0; i < report.trace.traced.size(); ++i) {
    if (!is_in(report.trace.traced[i].name, report.part)) continue;
    out.write(first ? "\n" : ",\n");
    first = false;
    out.write("{" + members_of(json_of(report, i, writer)) + "}");
  }
  out.write("]");
  if (report.graph) out.write(",\n\"graph\":{" + members_of(json_of(report.trace.graph)) + "}");
  out.write("}\n");
}

}  // namespace microgpt
