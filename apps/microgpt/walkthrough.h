// The walkthrough's printed figures beside what its toy model computes.
#pragma once

#include <string>

#include "microgpt/trace.h"

namespace microgpt {

// Where a trace of the toy model and the walkthrough differ, and why; empty where the walkthrough
// says nothing about the text that was traced.
std::string walkthrough_remarks(const Trace& trace);

}  // namespace microgpt
