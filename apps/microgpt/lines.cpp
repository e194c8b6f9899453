#include "lines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "microgpt/error.h"

namespace microgpt {

LineReader::LineReader(int descriptor, std::size_t longest)
    : descriptor_(descriptor), longest_(longest) {}

bool LineReader::next(Line& line) {
  line = {};
  while (!take(line)) {
    if (at_end_) return std::exchange(begun_, false);
    buffer_.resize(std::size_t{1} << 16);
    const ssize_t size = read(descriptor_, buffer_.data(), buffer_.size());
    const int error = errno;
    buffer_.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    at_ = 0;
    if (size < 0 && error != EINTR) {
      throw Error(fmt::format("standard input: can't be read, {}", std::strerror(error)));
    }
    at_end_ = size == 0;
  }
  return true;
}

bool LineReader::take(Line& line) {
  if (after_return_ && at_ < buffer_.size()) {
    if (buffer_[at_] == '\n') ++at_;
    after_return_ = false;
  }
  const std::size_t end = std::min(buffer_.find_first_of("\r\n", at_), buffer_.size());
  const std::string_view part = std::string_view(buffer_).substr(at_, end - at_);
  const std::size_t taken = std::min(part.size(), longest_ - line.text.size());
  line.text += part.substr(0, taken);
  line.cut = line.cut || taken < part.size();
  begun_ = begun_ || !part.empty();
  at_ = end;
  if (end == buffer_.size()) return false;
  after_return_ = buffer_[end] == '\r';
  ++at_;
  begun_ = false;
  return true;
}

}  // namespace microgpt
