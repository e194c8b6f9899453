// parse_model: what it takes it writes, and reads again as the same model.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "check.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace {

using microgpt::Model;

bool same(const Model& a, const Model& b) {
  return a.config == b.config && a.tokenizer == b.tokenizer && a.state == b.state &&
         a.provenance == b.provenance;
}

void check_again(const Model& model) {
  const std::string text = microgpt::format_model(model);
  const Model again = microgpt::parse_model(text, "again");
  check(same(model, again), "another model when written and read");
  check(microgpt::format_model(again) == text, "another text when read and written");
  check_state_dict(again.state, again.config, "again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::optional<Model> model;
  try {
    model = microgpt::parse_model(text, "input");
  } catch (const microgpt::Error&) {
  }
  if (model) check_again(*model);
  return 0;
}
