#include "microgpt/engine.h"

#include <fmt/format.h>

#include <array>

#include "microgpt/error.h"
#include "reference/reference_engine.h"

namespace microgpt {
namespace {

using Make = std::unique_ptr<Engine> (*)(const Config&);

constexpr std::array kNames = {std::string_view("reference")};
constexpr std::array<Make, kNames.size()> kMakers = {reference::make_reference_engine};

}  // namespace

std::span<const std::string_view> engine_names() { return kNames; }

std::unique_ptr<Engine> make_engine(std::string_view name, const Config& config) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return kMakers[i](config);
  }
  throw Error(
      fmt::format("engine: no such engine, expected {}, got '{}'", fmt::join(kNames, ", "), name));
}

}  // namespace microgpt
