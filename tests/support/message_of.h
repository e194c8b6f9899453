// What an Error says.
#pragma once

#include <string>

#include "microgpt/error.h"

namespace microgpt {

// The message of the Error that f throws, "no error" if it throws nothing. Anything else escapes.
template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace microgpt
