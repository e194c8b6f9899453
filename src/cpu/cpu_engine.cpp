#include "cpu/cpu_engine.h"

#include "cpu/large_engine.h"
#include "cpu/small_engine.h"

namespace microgpt::cpu {

std::unique_ptr<Engine> make_cpu_engine(const Config& config, const EngineOptions& options) {
  config.check();
  config.check_whole("engine cpu");
  return small_engine_fits(config) ? make_small_engine(config, options)
                                   : make_large_engine(config, options);
}

}  // namespace microgpt::cpu
