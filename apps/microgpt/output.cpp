#include "output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferSize = 1 << 16;

// The file that a path leads to; empty where something stands that is no file.
std::string final_target(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return "";
  return fs::weakly_canonical(path, error).string();
}

// Waits until a descriptor that somebody made non-blocking takes more.
void wait_until_writable(int descriptor) {
  pollfd entry{descriptor, POLLOUT, 0};
  poll(&entry, 1, -1);
}

}  // namespace

Output::Output(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {
  buffer_.reserve(kBufferSize);
}

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBufferSize) flush();
}

void Output::flush() {
  std::string_view rest = buffer_;
  int error = 0;
  while (!rest.empty() && error == 0) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_until_writable(descriptor_);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  buffer_.clear();
  if (error == EPIPE) throw BrokenPipe();
  if (error != 0) throw Error(fmt::format("{}: can't be written, {}", name_, std::strerror(error)));
}

std::optional<std::size_t> terminal_columns(int descriptor) {
  constexpr std::size_t kUsual = 80;  // of one that doesn't know its size
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return size.ws_col == 0 ? kUsual : size.ws_col;
}

bool shows_styles(int descriptor) {
  const char* const term = std::getenv("TERM");
  const char* const no_color = std::getenv("NO_COLOR");
  return isatty(descriptor) != 0 && term != nullptr && std::string_view(term) != "dumb" &&
         (no_color == nullptr || *no_color == '\0');
}

void prepare_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && access(folder.c_str(), W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    throw Error(
        fmt::format("{}: can't be used as the folder of a run, {}", folder, error.message()));
  }
}

OutputFile OutputFile::open(const std::string& path, bool append) {
  return OutputFile(path, append ? O_APPEND : O_TRUNC, path);
}

OutputFile OutputFile::open_as(const std::string& path, const std::string& name) {
  return OutputFile(path, O_TRUNC, name);
}

void OutputFile::write_whole(const std::string& path, std::string_view bytes) {
  WholeFile file(path);
  file.write(bytes);
  file.commit();
}

OutputFile::OutputFile(const std::string& path, int flags, const std::string& name)
    : Output(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666), name),
      file_(descriptor()) {
  if (file_ >= 0) return;
  throw Error(fmt::format("{}: can't be opened for writing, {}", name, std::strerror(errno)));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : Output(std::move(other)), file_(std::exchange(other.file_, -1)) {}

OutputFile::~OutputFile() {
  if (file_ >= 0) close(file_);
}

WholeFile::WholeFile(const std::string& path)
    : path_(path),
      target_(final_target(path)),
      temporary_(target_.empty() ? "" : fmt::format("{}.{}", target_, getpid())),
      file_(OutputFile::open_as(temporary_.empty() ? path : temporary_, path)) {}

WholeFile::~WholeFile() {
  std::error_code error;
  if (!temporary_.empty()) fs::remove(temporary_, error);
}

void WholeFile::commit() {
  file_.flush();
  if (temporary_.empty()) return;
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) throw Error(fmt::format("{}: can't be written, {}", path_, error.message()));
  temporary_.clear();
}

}  // namespace microgpt
