#include "site.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <sstream>
#include <system_error>

#include "input.h"
#include "microgpt/error.h"
#include "output.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;

constexpr char kIndex[] = "index.html";
constexpr std::size_t kMostBytes = std::size_t{256} << 20;

// An export's list of its files, one a line, so that a later one knows what it may take away.
constexpr char kManifest[] = ".microgpt-lab";

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// ---- Reading ----

// The files below a folder that are not hidden, in order.
std::vector<fs::path> paths_below(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (auto at = fs::recursive_directory_iterator(folder); at != fs::end(at); ++at) {
    if (is_hidden(at->path())) {
      if (at->is_directory()) at.disable_recursion_pending();
    } else if (at->is_regular_file()) {
      paths.push_back(at->path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

// ---- Writing ----

using Paths = std::set<std::string>;

// Whether a folder on the way to a file is a link.
bool is_behind_link(const fs::path& folder, const fs::path& path) {
  fs::path at = folder;
  for (const fs::path& part : path.parent_path()) {
    at /= part;
    if (fs::is_symlink(fs::symlink_status(at))) return true;
  }
  return false;
}

// What an earlier export wrote. Whoever edited the list must not lead us out of the folder.
Paths read_manifest(const fs::path& folder) {
  Paths paths;
  std::istringstream lines(read_bytes((folder / kManifest).string()));
  for (std::string line; std::getline(lines, line);) {
    const fs::path path(line);
    const bool below =
        path.is_relative() && path == path.lexically_normal() && *path.begin() != "..";
    if (line.empty() || !below || is_behind_link(folder, path)) continue;
    if (!fs::is_directory(fs::symlink_status(folder / path))) paths.insert(line);
  }
  return paths;
}

void write_manifest(const fs::path& folder, const Paths& paths) {
  std::string text;
  for (const std::string& path : paths) text += path + "\n";
  OutputFile::write_whole((folder / kManifest).string(), text);
}

// One file at least that is not ours, or empty.
std::string any_file_in(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kManifest)) return name;
  }
  return "";
}

// The files of the earlier export in a folder. Throws Error: it is not ours to write to.
Paths check_target(std::span<const SiteFile> files, const fs::path& folder) {
  if (!fs::exists(folder)) return {};
  if (!fs::is_directory(folder)) {
    throw Error(fmt::format("{}: is a file, expected a folder", folder.string()));
  }
  const bool exported = fs::exists(folder / kManifest);
  const std::string other = exported ? "" : any_file_in(folder);
  if (!other.empty()) {
    throw Error(fmt::format(
        "{}: has files of others ({}), expected an empty folder, an earlier export, or nothing",
        folder.string(), other));
  }
  Paths before = exported ? read_manifest(folder) : Paths();
  for (const SiteFile& file : files) {
    const fs::path path = folder / file.path;
    if (is_behind_link(folder, file.path)) {
      throw Error(
          fmt::format("{}: would be written where a link leads, expected a folder in its "
                      "place",
                      path.string()));
    }
    if (fs::exists(fs::symlink_status(path)) && !before.contains(file.path)) {
      throw Error(fmt::format("{}: not written by an earlier export, and would be overwritten",
                              path.string()));
    }
  }
  return before;
}

// A folder for the time in which files are written, inside of the one that they are for, so that
// moving them there can't fail for want of space.
class StagingFolder {
 public:
  explicit StagingFolder(const fs::path& folder)
      : folder_(folder), path_(folder / fmt::format("{}.new-{}", kManifest, getpid())) {
    made_folder_ = fs::create_directories(folder);
    fs::create_directory(path_);
  }
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  ~StagingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    if (made_folder_) fs::remove(folder_, ignored);  // if it is still empty
  }

  const fs::path& path() const { return path_; }

 private:
  fs::path folder_, path_;
  bool made_folder_ = false;
};

void write_files(std::span<const SiteFile> files, const fs::path& folder) {
  for (const SiteFile& file : files) {
    const fs::path path = folder / file.path;
    fs::create_directories(path.parent_path());
    OutputFile::write_whole(path.string(), file.bytes);
  }
}

// Whenever this ends too early, the manifest names all files that are there.
void put_in_place(const Paths& now, const Paths& before, const fs::path& stage,
                  const fs::path& folder) {
  Paths all = now;
  all.insert(before.begin(), before.end());
  write_manifest(folder, all);
  for (const std::string& path : now) {
    fs::create_directories((folder / path).parent_path());
    fs::rename(stage / path, folder / path);
  }
  for (const std::string& path : before) {
    if (now.contains(path)) continue;
    fs::remove(folder / path);
    std::error_code ignored;  // not empty
    fs::remove((folder / path).parent_path(), ignored);
  }
  write_manifest(folder, now);
}

}  // namespace

SiteFolder::SiteFolder(const std::string& path) try {
  std::size_t size = 0;
  for (const fs::path& file : paths_below(path)) {
    bytes_.push_back(read_bytes(file.string(), kMostBytes + 1 - size));
    size += bytes_.back().size();
    if (size > kMostBytes) {
      throw Error(fmt::format("{}: is larger than {} MiB, expected the files of the lab", path,
                              kMostBytes >> 20));
    }
    files_.push_back({file.lexically_relative(path).generic_string(), bytes_.back()});
  }
  if (std::ranges::find(files_, kIndex, &SiteFile::path) == files_.end()) {
    throw Error(fmt::format("{}: has no {}, expected the files of the lab", path, kIndex));
  }
} catch (const fs::filesystem_error& error) {
  throw Error(fmt::format("{}: can't be read, {}", path, error.code().message()));
}

void export_site(std::span<const SiteFile> files, const std::string& folder) try {
  const Paths before = check_target(files, folder);
  Paths now;
  for (const SiteFile& file : files) now.insert(file.path);
  const StagingFolder staging(folder);
  write_files(files, staging.path());
  put_in_place(now, before, staging.path(), folder);
} catch (const fs::filesystem_error& error) {
  throw Error(fmt::format("{}: can't be written, {}", folder, error.code().message()));
}

}  // namespace microgpt
