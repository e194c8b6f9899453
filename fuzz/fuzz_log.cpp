// A log of a port that is accepted holds a step, all its losses are numbers or said to be none, and
// reads the same again. One that is refused is told where.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "check.h"
#include "conform/log.h"
#include "microgpt/error.h"

using namespace microgpt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  conform::Log log;
  try {
    log = conform::parse_log(text, "log");
  } catch (const Error& error) {
    check(std::string_view(error.what()).starts_with("log"), "an error that does not say where");
    return 0;
  }
  check(!log.numbers.empty() || !log.samples.empty(), "a log of nothing");
  check(log.losses.empty() || *log.losses.begin() >= 1, "a step before the first");
  check(log.last_step() >= 0, "a last step before the first");
  for (const auto& [name, numbers] : log.numbers) {
    for (const auto& number : numbers) check(number.half_unit >= 0, "a unit below 0");
  }
  check(conform::parse_log(text, "log").numbers.size() == log.numbers.size(), "another log");
  return 0;
}
