// One C file: src/export/gpt.h.in with the model filled in.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "export/targets.h"
#include "export/template.h"
#include "export/weights.h"
#include "microgpt/error.h"
#include "microgpt/version.h"

namespace microgpt {
namespace {

constexpr std::size_t kIndentation = 4;
constexpr std::size_t kLongestPrefix = 24;  // C99 tells 31 letters of a name apart
constexpr std::size_t kMostParams = 4'000'000;
constexpr std::size_t kMostOfUint16 = std::numeric_limits<std::uint16_t>::max();
constexpr std::int64_t kMostOfInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostOfInt16 = std::numeric_limits<std::int16_t>::max();
constexpr std::int64_t kFewestSteps = 255;  // of an activation in integers, to either side

bool is_float(Weights weights) { return weights == Weights::kFloat32; }

void check_prefix(std::string_view prefix) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  const bool good = prefix.find_first_not_of(kAllowed) == std::string_view::npos &&
                    prefix.find_first_of(kAllowed.substr(0, 52)) == 0 &&
                    prefix.size() <= kLongestPrefix;
  if (good) return;
  throw Error(fmt::format(
      "name: no beginning of C names, expected a letter and at most {} letters, digits and _ after "
      "it, got \"{}\"",
      kLongestPrefix - 1, prefix));
}

// Tokens, positions and places in the texts are held in 16 bits.
void check_at_most(std::string_view what, std::size_t size, std::size_t most) {
  if (size <= most) return;
  throw Error(fmt::format(
      "c-header: the model has {} {}, expected at most {}; bin and safetensors have no such limit",
      size, what, most));
}

std::size_t count_text_bytes(const Tokenizer& tokenizer) {
  std::size_t bytes = 0;
  for (int id = 0; id < tokenizer.vocab_size(); ++id) bytes += tokenizer.token_text(id).size();
  return bytes;
}

std::size_t longest_text(const Tokenizer& tokenizer) {
  std::size_t longest = 0;
  for (int id = 0; id < tokenizer.vocab_size(); ++id) {
    longest = std::max(longest, tokenizer.token_text(id).size());
  }
  return longest;
}

void check_size(const Model& model) {
  check_at_most("parameters", model.config.num_params(), kMostParams);
  check_at_most("tokens", static_cast<std::size_t>(model.config.vocab_size), kMostOfUint16);
  check_at_most("positions", static_cast<std::size_t>(model.config.block_size), kMostOfUint16);
  check_at_most("bytes of token texts", count_text_bytes(model.tokenizer), kMostOfUint16);
}

// The largest sum of the sizes of a row's integers, over the matrices that are multiplied.
std::int64_t largest_row_sum(const Model& model, Weights weights) {
  std::int64_t largest = 1;
  for (const Tensor& tensor : model.state.params) {
    if (tensor.name == "wte" || tensor.name == "wpe") continue;
    const std::vector<std::int16_t> integers = to_integers(tensor, weights).integers;
    for (std::size_t begin = 0; begin < integers.size(); begin += tensor.cols) {
      std::int64_t sum = 0;
      for (std::size_t j = 0; j < tensor.cols; ++j) sum += std::abs(integers[begin + j]);
      largest = std::max(largest, sum);
    }
  }
  return largest;
}

// The largest integer that an activation may be so that no sum of products leaves 32 bits: products
// with weights; of q with a key; of attention weights with values.
std::int64_t largest_activation(const Model& model, Weights weights) {
  const std::int64_t products = std::max(model.config.head_dim(), model.config.block_size);
  const auto root = static_cast<std::int64_t>(
      std::sqrt(static_cast<double>(kMostOfInt32) / static_cast<double>(products)));
  const std::int64_t largest =
      std::min({kMostOfInt16, root, kMostOfInt32 / largest_row_sum(model, weights)});
  if (largest >= kFewestSteps) return largest;
  throw Error(
      "c-header: sums of products would leave the 32 bits that they have, expected a model with "
      "fewer positions or smaller weights; float32 has no such limit");
}

std::string c_sizes(const Model& model, Weights weights) {
  const Config& config = model.config;
  const auto define = [](std::string_view name, std::int64_t value, std::string_view what = "") {
    return fmt::format("#define GPT_{} {}{}\n", name, value, what);
  };
  const auto block_size = static_cast<std::size_t>(config.block_size);
  std::string text =
      define("N_LAYER", config.n_layer) + define("N_EMBD", config.n_embd) +
      define("BLOCK_SIZE", config.block_size) + define("N_HEAD", config.n_head) +
      define("HEAD_DIM", config.head_dim()) + define("VOCAB_SIZE", config.vocab_size) +
      define("BOS", model.tokenizer.bos()) +
      define("NAME_SIZE", static_cast<std::int64_t>(block_size * longest_text(model.tokenizer)) + 1,
             " /* bytes of the longest name and a NUL */");
  if (!is_float(weights)) {
    text += define("LARGEST", largest_activation(model, weights),
                   " /* activation in integers: no sum of products leaves int32_t */");
    text += define("MOST_INTEGERS", std::max(4 * config.n_embd, config.block_size));
  }
  text.pop_back();
  return text;
}

std::string c_char(char c) {
  if (c == '\'' || c == '\\') return fmt::format("'\\{}'", c);
  if (c >= ' ' && c <= '~') return fmt::format("'{}'", c);
  return fmt::format("'\\{:03o}'", static_cast<unsigned char>(c));
}

// Shortest decimals that read back to the same float.
std::string c_float(float value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "f";
}

template <class T, class Format>
std::vector<std::string> map(const std::vector<T>& values, Format format) {
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const T value : values) items.push_back(format(value));
  return items;
}

std::string c_array(std::string_view type, const std::string& name,
                    const std::vector<std::string>& items) {
  return fmt::format("static const {} gpt_{}[{}] = {{\n{}}};\n", type, name, items.size(),
                     in_lines(items, kIndentation));
}

// The initializer of a struct gpt_matrix.
std::string c_matrix(const Tensor& tensor, const std::string& name, Weights weights) {
  const std::string units =
      weights == Weights::kInt8 ? fmt::format(", gpt_{}_units", name) : std::string();
  return fmt::format("{{{}, {}, gpt_{}_weights{}}}", tensor.rows, tensor.cols, name, units);
}

std::string c_numbers(const Tensor& tensor, const std::string& name, Weights weights) {
  const auto array = [&](const std::vector<std::string>& items) {
    return c_array("gpt_weight", name + "_weights", items);
  };
  if (is_float(weights)) return array(map(to_floats(tensor), c_float));
  const IntegerMatrix matrix = to_integers(tensor, weights);
  const std::string integers =
      array(map(matrix.integers, [](std::int16_t integer) { return fmt::to_string(integer); }));
  if (weights == Weights::kQ4_12) return integers;
  return integers + c_array("float", name + "_units", map(matrix.units, c_float));
}

std::string c_texts(const Tokenizer& tokenizer) {
  std::vector<std::string> chars, places = {"0"};
  for (int id = 0; id < tokenizer.vocab_size(); ++id) {
    for (const char c : tokenizer.token_text(id)) chars.push_back(c_char(c));
    places.push_back(fmt::to_string(chars.size()));
  }
  return "/* The texts of the tokens in the order of their ids, and where each begins. */\n" +
         c_array("char", "texts", chars) + c_array("uint16_t", "text_at", places);
}

std::string c_weights(const Model& model, Weights weights) {
  constexpr std::string_view kLayer = "layer";
  std::string numbers, matrices;
  std::vector<std::string> layers;  // initializers of struct gpt_layer, still open
  for (const Tensor& tensor : model.state.params) {
    std::string name = tensor.name;
    std::ranges::replace(name, '.', '_');
    numbers += c_numbers(tensor, name, weights);
    const std::string matrix = c_matrix(tensor, name, weights);
    if (!name.starts_with(kLayer)) {
      matrices += fmt::format("static const struct gpt_matrix gpt_{} = {};\n", name, matrix);
    } else if (name.ends_with("_attn_wq")) {
      layers.push_back("    {" + matrix);
    } else {
      layers.back() += ",\n     " + matrix;
    }
  }
  matrices += "static const struct gpt_layer gpt_layers[GPT_N_LAYER] = {\n";
  for (const std::string& layer : layers) matrices += layer + "},\n";
  return c_texts(model.tokenizer) + "\n" + numbers + "\n" + matrices + "};";
}

std::array<Macro, 3> c_macros(const Model& model, Weights weights) {
  return {{{"GPT_FLOAT32", is_float(weights)},
           {"GPT_INT8", weights == Weights::kInt8},
           {"GPT_RELU_SQUARED", model.config.activation == Activation::kReluSquared}}};
}

}  // namespace

std::string format_c_header(const Model& model, const ExportOptions& options) {
  check_prefix(options.prefix);
  check_size(model);
  std::string text = resolve_conditions(c_template(), c_macros(model, options.weights));
  fill(text, "sizes", c_sizes(model, options.weights));
  fill(text, "weights", c_weights(model, options.weights));
  text = with_prefix(text, options.prefix);
  fill(text, "file", options.prefix + ".h");
  fill(text, "title",
       fmt::format("A GPT of {} parameters in {}, written by microgpt {}.",
                   model.config.num_params(), to_string(options.weights), version()));
  fill(text, "facts", comment_lines(options.remark, " * "));
  return text;
}

}  // namespace microgpt
