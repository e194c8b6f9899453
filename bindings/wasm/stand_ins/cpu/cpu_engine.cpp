// In place of src/cpu: a page's models are small, and `exact` is the engine for those.
#include "cpu/cpu_engine.h"

#include "microgpt/error.h"

namespace microgpt::cpu {

std::unique_ptr<Engine> make_cpu_engine(const Config&, const EngineOptions&) {
  throw Error("engine: WebAssembly has no 'cpu', expected exact or reference");
}

}  // namespace microgpt::cpu
