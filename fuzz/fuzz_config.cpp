// Settings that a config file makes are printed as a config file that makes the same settings, and
// a file that is refused changes none.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "microgpt/error.h"
#include "settings.h"

using namespace microgpt;

namespace {

bool applies(std::string_view json, Settings& settings) {
  try {
    apply_config(json, "fuzz", settings);
    return true;
  } catch (const Error& error) {
    check(std::string_view(error.what()).starts_with("fuzz: "), "an error that does not say where");
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Settings defaults = default_settings(Edition::kFinal);
  Settings settings = defaults;
  if (!applies({reinterpret_cast<const char*>(data), size}, settings)) {
    check(settings == defaults, "a refused file changed settings");
    return 0;
  }
  const std::string printed = print_config(settings);
  Settings again = default_settings(Edition::kFirst);
  check(applies(printed, again), "printed settings are refused");
  check(again == settings, "printed settings are others");
  return 0;
}
