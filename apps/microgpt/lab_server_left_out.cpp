// Stands in for lab_server.cpp in builds that have no lab.
#include "lab_server.h"
#include "microgpt/error.h"

namespace microgpt {

struct LabServer::Impl {};

LabServer::LabServer(LabPages, int) {
  throw Error(
      "this build can't serve the lab: expected cpp-httplib when it was made; "
      "`make lab` in the sources installs it");
}

LabServer::~LabServer() = default;

int LabServer::port() const { return 0; }
void LabServer::start() {}
bool LabServer::runs() const { return false; }

}  // namespace microgpt
