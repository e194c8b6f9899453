#include "output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kBufferSize = 1 << 16;

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

OutputFile OutputFile::open(const std::string& path, bool append) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
  const int file = ::open(path.c_str(), flags, 0666);
  if (file < 0) {
    throw Error(fmt::format("{}: can't be opened for writing, {}", path, std::strerror(errno)));
  }
  return OutputFile(file, path);
}

OutputFile::OutputFile(int descriptor, const std::string& path)
    : Output(descriptor, path), file_(descriptor) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : Output(std::move(other)), file_(std::exchange(other.file_, -1)) {}

OutputFile::~OutputFile() {
  if (file_ >= 0) close(file_);
}

}  // namespace microgpt
