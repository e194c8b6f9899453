#include "data_source.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "download.h"
#include "embedded_names.h"
#include "input.h"
#include "microgpt/error.h"
#include "output.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;

constexpr char kNamesUrl[] =
    "https://raw.githubusercontent.com/karpathy/makemore/refs/heads/master/names.txt";
constexpr char kNamesSha256[] = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d";
constexpr std::size_t kNamesBytes = 228145;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// This and the next are empty where the user has no home.
fs::path cache_folder() {
  const fs::path xdg = environment("XDG_CACHE_HOME");  // to be ignored unless absolute
  if (xdg.is_absolute()) return xdg / "microgpt";
  const fs::path home = environment("HOME");
  if (!home.is_absolute()) return {};
#ifdef __APPLE__
  return home / "Library" / "Caches" / "microgpt";
#else
  return home / ".cache" / "microgpt";
#endif
}

fs::path cached_names() {
  const fs::path folder = cache_folder();
  return folder.empty() ? folder : folder / "names.txt";
}

// The cached file, unless it is missing or damaged.
std::optional<Dataset> read_cache(const fs::path& path, Encoding encoding, Sequences sequences) {
  std::error_code error;
  if (path.empty() || fs::file_size(path, error) != kNamesBytes || error) return std::nullopt;
  try {
    Dataset dataset = Dataset::read(path, encoding, sequences);
    if (dataset.sha256() == kNamesSha256) return dataset;
  } catch (const Error&) {
  }
  return std::nullopt;
}

// Puts bytes at path whole or not at all, also when others do so at the same time. The cache only
// saves time, so that a failure is none.
void write_cache(const fs::path& path, std::string_view bytes) {
  if (path.empty()) return;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  try {
    OutputFile::write_whole(path, bytes);
  } catch (const Error&) {
  }
}

LoadedData load_names(Encoding encoding, Sequences sequences) {
  const fs::path cached = cached_names();
  if (std::optional<Dataset> dataset = read_cache(cached, encoding, sequences)) {
    return {std::move(*dataset), "names", cached.string()};
  }
  const std::string mirror = environment("MICROGPT_NAMES_URL");
  const std::string url = mirror.empty() ? kNamesUrl : mirror;
  const std::string bytes = download(url, kNamesBytes, !mirror.empty());
  Dataset dataset(bytes, url, encoding, sequences);
  if (dataset.sha256() != kNamesSha256) {
    throw Error(fmt::format("{}: not the file expected, with SHA-256 {}, but one with {}", url,
                            kNamesSha256, dataset.sha256()));
  }
  write_cache(cached, bytes);
  return {std::move(dataset), "names", url};
}

LoadedData load_embedded(Encoding encoding, Sequences sequences) {
  return {Dataset(std::string(embedded_names()), "the embedded names", encoding, sequences),
          "embedded", "the embedded names"};
}

LoadedData load_file(const std::string& path, Encoding encoding, Sequences sequences) {
  return {Dataset::read(path, encoding, sequences), fs::absolute(path).string(), path};
}

LocalData read_local(const std::string& path) {
  constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  LocalData data{read_bytes(path, kMostBytes + 1), path};
  if (data.bytes.size() > kMostBytes) {
    throw Error(fmt::format("{}: is too large for a page, expected at most {} MiB", path,
                            kMostBytes >> 20));
  }
  const Dataset check(data.bytes, path);
  return data;
}

std::optional<LocalData> find_cached_names() {
  const fs::path cached = cached_names();
  if (!read_cache(cached, Encoding::kUtf8, Sequences::kDocuments)) return std::nullopt;
  return LocalData{read_bytes(cached.string()), "names"};
}

LoadedData load_default(Encoding encoding, Sequences sequences) {
  if (std::error_code error; fs::exists("input.txt", error)) {
    return load_file("input.txt", encoding, sequences);
  }
  try {
    return load_names(encoding, sequences);
  } catch (const Error& error) {
    LoadedData loaded = load_embedded(encoding, sequences);
    loaded.origin = fmt::format("the embedded names, as names.txt can't be had ({})", error.what());
    return loaded;
  }
}

}  // namespace

LoadedData load_data(const std::string& data, Encoding encoding, Sequences sequences) {
  if (data.empty()) return load_default(encoding, sequences);
  if (data == "names") return load_names(encoding, sequences);
  if (data == "embedded") return load_embedded(encoding, sequences);
  return load_file(data, encoding, sequences);
}

std::string data_of_file(const std::string& path) {
  const bool means_other = path == "names" || path == "embedded" || path.starts_with('-');
  return means_other ? "./" + path : path;
}

std::optional<LocalData> find_local_data(const std::string& data) {
  if (data == "embedded") return std::nullopt;
  if (!data.empty() && data != "names") return read_local(data);
  std::error_code error;
  if (data.empty() && fs::exists("input.txt", error)) return read_local("input.txt");
  auto names = find_cached_names();
  if (!names && !data.empty()) {
    throw Error("names: not in the cache; `microgpt train --data names` fetches them");
  }
  return names;
}

}  // namespace microgpt
