// What this machine has.
#pragma once

namespace microgpt {

// The processors that this process may use, 1 to kMaxThreads.
int processors();

}  // namespace microgpt
