// Showing an address in the browser of the person.
#pragma once

#include <sys/types.h>

#include <string>

namespace microgpt {

// Whatever goes wrong here is a note to the person, who can open the address by hand.
class Browser {
 public:
  // Starts the system's opener, which may be the browser itself and outlive us.
  explicit Browser(const std::string& address);

  // To be called now and then: says so if the opener has failed.
  void check();

 private:
  pid_t process_ = -1;
};

}  // namespace microgpt
