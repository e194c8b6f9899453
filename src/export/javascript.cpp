// One module of JavaScript: src/export/gpt.js.in with the model filled in; and its types.
#include <string>

#include "export/targets.h"
#include "export/template.h"

namespace microgpt {

std::string format_javascript(const Model& model, const ExportOptions&) {
  std::string text(javascript_template());
  fill(text, "MODEL_JSON", format_model(model));
  return text;
}

std::string format_javascript_types(const Model&, const ExportOptions&) {
  return std::string(javascript_types());
}

}  // namespace microgpt
