#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

// A file descriptor that is closed with its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }

  // Closes now; false where the system reports, only now, that a write failed.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0 || errno == EINTR; }

 private:
  int fd_;
};

// Removes a file with its scope, unless told that it has got another name.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }
  void release() { path_.clear(); }

 private:
  std::string path_;
};

int open_file(const std::string& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void cant_read(const std::string& where, int error) {
  if (error == ENOENT) throw Error(where + ": no such file");
  if (error == EISDIR) throw Error(where + ": is a folder, expected a file");
  throw Error(fmt::format("{}: can't be read, {}", where, reason(error)));
}

[[noreturn]] void cant_write(const std::string& path, int error) {
  if (error == EISDIR) throw Error(path + ": can't be written, is a folder");
  throw Error(fmt::format("{}: can't be written, {}", path, reason(error)));
}

// One read(2): the number of bytes, 0 at the end.
std::size_t read_some(int fd, char* to, std::size_t size, const std::string& where) {
  ssize_t got;
  do {
    got = ::read(fd, to, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) cant_read(where, errno);
  return static_cast<std::size_t>(got);
}

[[noreturn]] void too_large(const std::string& where, std::size_t max_bytes) {
  throw Error(fmt::format("{}: is larger than {} bytes", where, max_bytes));
}

// Reads to the end. expected: the size if it is known, else 0. One byte of room more than expected
// lets the first read see that the file ends there.
std::string read_to_end(int fd, std::size_t expected, const std::string& where,
                        std::size_t max_bytes) {
  constexpr std::size_t kChunk = 65536;
  std::string bytes(expected > 0 ? expected + 1 : kChunk, '\0');
  std::size_t size = 0;
  while (true) {
    const std::size_t got = read_some(fd, bytes.data() + size, bytes.size() - size, where);
    size += got;
    if (size > max_bytes) too_large(where, max_bytes);
    if (got == 0 || size == expected) break;
    if (size == bytes.size()) bytes.resize(2 * size);
  }
  bytes.resize(size);
  return bytes;
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cant_write(path, errno);
    if (written == 0) cant_write(path, ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// What stat(2) knows about a path, or nothing where there is no such file.
std::optional<struct stat> status(const std::string& path) {
  struct stat result;
  if (::stat(path.c_str(), &result) == 0) return result;
  if (errno != ENOENT) cant_write(path, errno);
  return std::nullopt;
}

// The file that a chain of symbolic links leads to, which need not exist: renaming over the link
// itself would cut it off from its target.
std::string follow_links(const std::string& path) {
  constexpr int kMostLinks = 40;  // as Linux
  std::filesystem::path at = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(at, error);
    if (error) return at.string();
    at = at.parent_path() / target;
  }
  cant_write(path, ELOOP);
}

std::string folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

// A new file beside `target`. Its name does not hold that of the target, which may be as long as
// names can be.
std::pair<TemporaryFile, Descriptor> create_beside(const std::string& target,
                                                   const std::string& path) {
  static std::atomic<unsigned> counter = 0;
  const std::string folder = folder_of(target);
  while (true) {
    std::string name = fmt::format("{}/.microgpt-{}-{}.tmp", folder, ::getpid(), counter++);
    const int fd = open_file(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd >= 0) return {std::piecewise_construct, std::tuple(std::move(name)), std::tuple(fd)};
    // A process of the same number was killed here before.
    if (errno != EEXIST) cant_write(path, errno);
  }
}

void write_in_place(const std::string& path, std::string_view bytes) {
  const int fd = open_file(path, O_WRONLY);
  if (fd < 0) cant_write(path, errno);
  Descriptor file(fd);
  write_all(fd, bytes, path);
  if (!file.close()) cant_write(path, errno);
}

}  // namespace

std::string read_file(const std::string& path, const std::string& where, std::size_t max_bytes) {
  const int fd = open_file(path, O_RDONLY);
  if (fd < 0) cant_read(where, errno);
  const Descriptor file(fd);
  struct stat info;
  if (::fstat(fd, &info) != 0) cant_read(where, errno);
  if (S_ISDIR(info.st_mode)) cant_read(where, EISDIR);
  const auto size = S_ISREG(info.st_mode) ? static_cast<std::uintmax_t>(info.st_size) : 0;
  if (size > max_bytes) too_large(where, max_bytes);
  try {
    return read_to_end(fd, static_cast<std::size_t>(size), where, max_bytes);
  } catch (const std::bad_alloc&) {
    throw Error(where + ": too large for the memory of this machine");
  } catch (const std::length_error&) {
    throw Error(where + ": too large for the memory of this machine");
  }
}

void write_file_atomic(const std::string& path, std::string_view bytes) {
  const std::optional<struct stat> old = status(path);
  if (old && S_ISDIR(old->st_mode)) cant_write(path, EISDIR);
  if (old && !S_ISREG(old->st_mode)) return write_in_place(path, bytes);

  const std::string target = follow_links(path);
  auto [temporary, file] = create_beside(target, path);
  if (old && ::fchmod(file.get(), old->st_mode & 0777) != 0) cant_write(path, errno);
  write_all(file.get(), bytes, path);
  if (::fsync(file.get()) != 0 && errno != EINVAL) cant_write(path, errno);
  if (!file.close()) cant_write(path, errno);
  if (std::rename(temporary.path().c_str(), target.c_str()) != 0) cant_write(path, errno);
  temporary.release();
}

void sync_folder(const std::string& folder) {
  const int fd = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return;
  const Descriptor descriptor(fd);
  ::fsync(fd);
}

}  // namespace microgpt
