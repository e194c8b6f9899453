// The files of the web lab: those that the program carries, or a folder's.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

struct SiteFile {
  std::string path;  // below the site's folder: "assets/main-1a2b3c4d.js"
  std::string_view bytes;
};

// What was in MICROGPT_LAB_SITE when the program was built; nothing if that was no site.
std::vector<SiteFile> embedded_site();

// A site on disk, read whole.
class SiteFolder {
 public:
  // Names that begin with a dot are left out. Throws Error: it can't be read, is larger than any
  // lab, or has no index.html.
  explicit SiteFolder(const std::string& path);

  std::span<const SiteFile> files() const { return files_; }  // valid while this lives

 private:
  std::deque<std::string> bytes_;
  std::vector<SiteFile> files_;
};

// Writes the files into a folder, which is made; an earlier export there is replaced, and files
// beside it stay. Nothing changes before all of them are on the disk.
// Throws Error: the folder has files of others and is no earlier export, one of those would be
// overwritten, or it can't be written.
void export_site(std::span<const SiteFile> files, const std::string& folder);

}  // namespace microgpt
