// In place of src/base/mutex.h: there is nobody to wait for.
#pragma once

namespace microgpt {

struct Mutex {};

struct Lock {
  explicit Lock(Mutex&) {}
  ~Lock() {}
};

}  // namespace microgpt
