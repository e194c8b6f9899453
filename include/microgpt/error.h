// The one exception type of the library.
#pragma once

#include <stdexcept>

namespace microgpt {

// Something the caller gave is wrong, or the system refused a request. what() reads
// "where: what, expected ..., got ...; hint" and is written for the person at the keyboard.
// The library throws nothing else on purpose, and never prints, exits or aborts.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace microgpt
