// How much memory there is.
#pragma once

#include <string>

namespace microgpt {

// Throws Error if `bytes` is more than this process can have: the machine's memory, or the limit of
// its control group. where: what asks for it, for the message.
void check_memory(const std::string& where, double bytes);

}  // namespace microgpt
