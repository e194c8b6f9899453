// Models as files: what is in them is model_json.cpp's and model_safetensors.cpp's.
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "checkpoint/safetensors.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kMaxFile = std::size_t{64} << 30;

std::string model_path(const std::string& path) {
  std::error_code ignored;  // reading the file will tell
  if (!std::filesystem::is_directory(path, ignored)) return path;
  return (std::filesystem::path(path) / kModelFile).string();
}

}  // namespace

Model read_model(const std::string& path) {
  const std::string file = model_path(path);
  std::error_code ignored;
  const std::uintmax_t size = std::filesystem::file_size(file, ignored);
  if (!ignored && size > kMaxFile) {
    throw Error(fmt::format("{}: is {} bytes long, expected at most {}", file, size, kMaxFile));
  }
  const std::string bytes = read_file(file, file, kMaxFile);
  return is_safetensors(bytes) ? parse_model_safetensors(bytes, file) : parse_model(bytes, file);
}

void write_model(const std::string& path, const Model& model) {
  write_file_atomic(path, format_model(model));
  sync_folder(std::filesystem::absolute(path).parent_path().string());
}

}  // namespace microgpt
