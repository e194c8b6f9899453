// What is known about each name of a trace beside its numbers.
#pragma once

#include <source_location>
#include <string_view>

#include "microgpt/trace.h"

namespace microgpt {

// "src/reference/gpt.h" of any path to it.
std::string_view project_path(std::string_view file);

// Of what the model made under this name, at this place. REQUIRES: the name is one of those that
// the model gives.
Origin origin_of(std::string_view name, const std::source_location& place);

// Of a parameter, and of what Adam made of one ("m", "update").
Origin parameter_origin(std::string_view name);
Origin adam_origin(std::string_view name);

}  // namespace microgpt
