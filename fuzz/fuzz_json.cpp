// parse_json: what it takes, the library below takes for the same value.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "check.h"
#include "microgpt/error.h"

namespace {

using microgpt::Json;

std::size_t depth_of(const Json& value) {
  std::size_t deepest = 0;
  if (!value.is_structured()) return 0;
  for (const Json& inner : value) deepest = std::max(deepest, depth_of(inner));
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Json json = microgpt::parse_json(text, "input");
    check(json == Json::parse(text), "parse_json read another value than the library");
    check(depth_of(json) <= 16, "nested deeper than is allowed");
    check(microgpt::parse_json(json.dump(), "again") == json,
          "another value when written and read");
    microgpt::describe_json(json);
  } catch (const microgpt::Error&) {
  }
  return 0;
}
