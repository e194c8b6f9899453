// Modules of JavaScript: src/export/gpt.js.in with the model filled in; the library as WebAssembly
// with the model before it; and the types of both.
#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "export/targets.h"
#include "export/template.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

// RFC 4648, section 4: three bytes are four digits of six bits, and `=` stands for digits that no
// bit is left for.
std::string in_base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace

std::string format_javascript(const Model& model, const ExportOptions&) {
  std::string text(javascript_template());
  fill(text, "MODEL_JSON", format_model(model));
  return text;
}

std::string format_wasm(const Model& model, const ExportOptions& options) {
  if (options.wasm.library.empty() || options.wasm.module.empty()) {
    throw Error(
        "export: wasm: the library as WebAssembly is missing, expected a program that has the web "
        "lab; `make lab-site` in the sources and then `make` build that, and js needs neither");
  }
  return fmt::format("const MODEL_JSON = {};\nconst WASM_BASE64 = '{}';\n{}", format_model(model),
                     in_base64(options.wasm.library), options.wasm.module);
}

std::string format_javascript_types(const Model&, const ExportOptions&) {
  return std::string(javascript_types());
}

}  // namespace microgpt
