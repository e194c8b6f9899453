// One Python file: src/export/gpt.py.in with the model filled in.
#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unicode.h"
#include "checkpoint/description.h"
#include "export/targets.h"
#include "export/template.h"
#include "microgpt/version.h"

namespace microgpt {
namespace {

// One code point in a Python string.
std::string python_char(char32_t c) {
  if (c == '"' || c == '\\') return fmt::format("\\{}", static_cast<char>(c));
  if (c >= ' ' && c <= '~') return std::string(1, static_cast<char>(c));
  const auto code = static_cast<std::uint32_t>(c);
  return c < 0x10000 ? fmt::format("\\u{:04x}", code) : fmt::format("\\U{:08x}", code);
}

// A text as a string in ASCII; bytes that are not UTF-8 as Python's surrogateescape has them.
std::string python_string(std::string_view text) {
  constexpr char32_t kByte = 0xDC00;
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::optional<CodePoint> c = decode_utf8(text, i);
    quoted += python_char(c ? c->value : kByte + static_cast<unsigned char>(text[i]));
    i += c ? c->size : 1;
  }
  return quoted + "\"";
}

std::string python_sizes(const Model& model) {
  const Config& config = model.config;
  std::vector<std::string> tokens;
  for (int id = 0; id < config.vocab_size; ++id) {
    tokens.push_back(python_string(model.tokenizer.token_text(id)));
  }
  return fmt::format(
      "n_layer = {}\nn_embd = {}\nblock_size = {}\nn_head = {}\nhead_dim = n_embd // n_head\n"
      "BOS = {}\ntokens = [\n{}]",
      config.n_layer, config.n_embd, config.block_size, config.n_head, model.tokenizer.bos(),
      in_lines(tokens, 4));
}

std::string python_matrix(const Tensor& tensor) {
  std::string text = fmt::format("    \"{}\": [\n", tensor.name);
  for (std::size_t begin = 0; begin < tensor.data.size(); begin += tensor.cols) {
    std::vector<std::string> row;
    for (std::size_t j = 0; j < tensor.cols; ++j)
      row.push_back(format_double(tensor.data[begin + j]));
    text += fmt::format("        [\n{}],\n", in_lines(row, 12));
  }
  return text + "    ],\n";
}

std::string python_weights(const Model& model) {
  std::string text = "state_dict = {\n";
  for (const Tensor& tensor : model.state.params) text += python_matrix(tensor);
  return text + "}";
}

}  // namespace

std::string format_python(const Model& model, const ExportOptions&) {
  const bool squared = model.config.activation == Activation::kReluSquared;
  std::string text(python_template());
  fill(text, "title",
       fmt::format("A GPT of {} parameters, written by microgpt {}.", model.config.num_params(),
                   version()));
  fill(text, "activation", squared ? "max(0.0, xi) ** 2" : "max(0.0, xi)");
  fill(text, "weights", python_weights(model));
  fill(text, "sizes", python_sizes(model));
  return text;
}

}  // namespace microgpt
