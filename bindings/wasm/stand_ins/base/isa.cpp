// In place of src/base/isa.cpp: there is one instruction set, and no environment that names
// another.
#include "base/isa.h"

namespace microgpt {

std::string_view to_string(Isa) { return "plain"; }

bool is_supported(Isa isa) { return isa == Isa::kPlain; }

Isa choose_isa() { return Isa::kPlain; }

}  // namespace microgpt
