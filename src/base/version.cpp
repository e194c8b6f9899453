#include "microgpt/version.h"

namespace microgpt {

// The build defines MICROGPT_VERSION, so that the number stands in CMakeLists.txt alone.
std::string_view version() { return MICROGPT_VERSION; }

}  // namespace microgpt
