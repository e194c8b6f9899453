// bin: a model in as few bytes as its weights take; docs/formats.md has every byte.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "export/targets.h"
#include "export/weights.h"

namespace microgpt {
namespace {

constexpr std::string_view kMagic = "microgpt";
constexpr std::uint32_t kVersion = 1;

enum class BinaryWeights : std::uint32_t { kFloat32, kInt8, kQ4_12 };

BinaryWeights number_of(Weights weights) {
  if (weights == Weights::kFloat32) return BinaryWeights::kFloat32;
  return weights == Weights::kInt8 ? BinaryWeights::kInt8 : BinaryWeights::kQ4_12;
}

// Little-endian, `size` bytes of it.
void append(std::string& bytes, std::uint32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

void append_word(std::string& bytes, std::uint32_t value) { append(bytes, value, 4); }

void append_int(std::string& bytes, int value) {
  append_word(bytes, static_cast<std::uint32_t>(value));
}

void append_floats(std::string& bytes, const std::vector<float>& values) {
  for (const float value : values) append_word(bytes, std::bit_cast<std::uint32_t>(value));
}

void align(std::string& bytes) {
  while (bytes.size() % 4 != 0) bytes.push_back('\0');
}

void append_header(std::string& bytes, const Model& model, Weights weights) {
  const Config& config = model.config;
  bytes += kMagic;
  append_word(bytes, kVersion);
  append_int(bytes, config.n_layer);
  append_int(bytes, config.n_embd);
  append_int(bytes, config.n_head);
  append_int(bytes, config.block_size);
  append_int(bytes, config.vocab_size);
  append_int(bytes, model.tokenizer.bos());
  append_int(bytes, config.activation == Activation::kReluSquared ? 1 : 0);
  append_word(bytes, static_cast<std::uint32_t>(number_of(weights)));
}

void append_texts(std::string& bytes, const Tokenizer& tokenizer) {
  std::string texts;
  append_word(bytes, 0);
  for (int id = 0; id < tokenizer.vocab_size(); ++id) {
    texts += tokenizer.token_text(id);
    append_word(bytes, static_cast<std::uint32_t>(texts.size()));
  }
  bytes += texts;
  align(bytes);
}

void append_matrix(std::string& bytes, const Tensor& tensor, Weights weights) {
  if (weights == Weights::kFloat32) return append_floats(bytes, to_floats(tensor));
  const IntegerMatrix matrix = to_integers(tensor, weights);
  if (weights == Weights::kInt8) append_floats(bytes, matrix.units);
  const int size = weights == Weights::kInt8 ? 1 : 2;
  for (const std::int16_t integer : matrix.integers) {
    append(bytes, static_cast<std::uint32_t>(std::int32_t{integer}), size);
  }
  align(bytes);
}

}  // namespace

std::string format_binary(const Model& model, const ExportOptions& options) {
  std::string bytes;
  append_header(bytes, model, options.weights);
  append_texts(bytes, model.tokenizer);
  for (const Tensor& tensor : model.state.params) append_matrix(bytes, tensor, options.weights);
  return bytes;
}

}  // namespace microgpt
