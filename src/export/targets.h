// The kinds of files, each a function that writes one.
#pragma once

#include <string>

#include "microgpt/export.h"

namespace microgpt {

std::string format_c_header(const Model& model, const ExportOptions& options);
std::string format_python(const Model& model, const ExportOptions& options);
std::string format_javascript(const Model& model, const ExportOptions& options);
std::string format_wasm(const Model& model, const ExportOptions& options);
std::string format_javascript_types(const Model& model, const ExportOptions& options);
std::string format_binary(const Model& model, const ExportOptions& options);

}  // namespace microgpt
