// parse_run: what it takes it writes, and reads again as the same run, to the last bit.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "check.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace {

using microgpt::TrainingRun;

bool same(const TrainingRun& a, const TrainingRun& b) {
  return a.model.config == b.model.config && a.model.tokenizer == b.model.tokenizer &&
         a.model.state == b.model.state && a.model.provenance == b.model.provenance &&
         a.random == b.random && a.last_losses == b.last_losses && a.temperature == b.temperature &&
         a.num_samples == b.num_samples;
}

void check_again(const TrainingRun& run) {
  const std::string bytes = microgpt::format_run(run);
  const TrainingRun again = microgpt::parse_run(bytes, "again");
  check(same(run, again), "another run when written and read");
  check(microgpt::format_run(again) == bytes, "other bytes when read and written");
  microgpt::parse_model(microgpt::format_model(run.model), "model.json of the run");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::optional<TrainingRun> run;
  try {
    run = microgpt::parse_run(bytes, "input");
  } catch (const microgpt::Error&) {
  }
  if (run) check_again(*run);
  return 0;
}
