// A mutex and its lock, which mean nothing where there is one thread.
#pragma once

#include <mutex>

namespace microgpt {

using Mutex = std::mutex;
using Lock = std::scoped_lock<std::mutex>;

}  // namespace microgpt
