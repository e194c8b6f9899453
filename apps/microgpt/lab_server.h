// The web lab's server, on this machine only.
#pragma once

#include <memory>

#include "lab_pages.h"

namespace microgpt {

class LabServer {
 public:
  // Takes the port of 127.0.0.1, any for 0; requests wait until start().
  // Throws Error: the port can't be had, or this build can't serve.
  LabServer(LabPages pages, int port);
  ~LabServer();  // waits for requests under way, seconds at most

  int port() const;
  void start();
  bool runs() const;  // after start(), unless something made an end to it

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microgpt
