// parse_safetensors and parse_model_safetensors: what they take is written, and read again as the
// same, to the last bit.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "check.h"
#include "checkpoint/safetensors.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace {

using microgpt::Model;
using microgpt::Precision;
using microgpt::Safetensors;

bool same(const Safetensors& a, const Safetensors& b) {
  if (a.metadata != b.metadata || a.arrays.size() != b.arrays.size()) return false;
  for (std::size_t i = 0; i < a.arrays.size(); ++i) {
    const microgpt::Array &x = a.arrays[i], &y = b.arrays[i];
    if (x.name != y.name || x.dtype != y.dtype || x.shape != y.shape || x.data != y.data) {
      return false;
    }
  }
  return true;
}

void check_again(const Safetensors& file, std::string_view input) {
  const std::string bytes = microgpt::format_safetensors(file);
  check(same(file, microgpt::parse_safetensors(bytes, "again")), "other arrays");
  std::size_t data = 0;
  for (const microgpt::Array& array : file.arrays) {
    const bool inside = array.data.empty() ||
                        (array.data.data() >= input.data() &&
                         array.data.data() + array.data.size() <= input.data() + input.size());
    check(inside, "data from elsewhere");
    data += array.data.size();
  }
  check(data <= input.size(), "more data than bytes");
}

void check_again(const Model& model) {
  const std::string bytes = microgpt::format_model_safetensors(model, Precision::kFloat64);
  const Model again = microgpt::parse_model_safetensors(bytes, "again");
  check(model.config == again.config && model.tokenizer == again.tokenizer &&
            model.state == again.state && model.provenance == again.provenance,
        "another model when written and read");
}

template <class Parse>
auto parsed(Parse parse) -> std::optional<decltype(parse())> {
  try {
    return parse();
  } catch (const microgpt::Error&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = parsed([&] { return microgpt::parse_safetensors(bytes, "input"); });
  if (file) check_again(*file, bytes);
  const auto model = parsed([&] { return microgpt::parse_model_safetensors(bytes, "input"); });
  if (model) check_again(*model);
  return 0;
}
