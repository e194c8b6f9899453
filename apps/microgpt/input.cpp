#include "input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <vector>

#include "microgpt/error.h"

namespace microgpt {
namespace {

[[noreturn]] void throw_unreadable(const std::string& name) {
  throw Error(fmt::format("{}: can't be read, {}", name, std::strerror(errno)));
}

std::string read_stream(std::istream& stream, const std::string& name, std::size_t most) {
  std::string bytes;
  char buffer[1 << 16];
  while (bytes.size() < most) {
    const std::size_t wanted = std::min(sizeof buffer, most - bytes.size());
    stream.read(buffer, static_cast<std::streamsize>(wanted));
    if (stream.gcount() == 0) break;
    bytes.append(buffer, static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) throw_unreadable(name);
  return bytes;
}

void read_stream_in_blocks(std::istream& stream, const std::string& name,
                           const std::function<bool(std::string_view)>& take) {
  std::vector<char> buffer(1 << 20);
  do {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (stream.bad()) throw_unreadable(name);
  } while (stream.gcount() > 0 && take({buffer.data(), static_cast<std::size_t>(stream.gcount())}));
}

}  // namespace

std::string read_bytes(const std::string& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_unreadable(path);
  return read_stream(file, path, most);
}

void read_blocks(const std::string& path, const std::function<bool(std::string_view)>& take) {
  if (path == "-") return read_stream_in_blocks(std::cin, path, take);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_unreadable(path);
  read_stream_in_blocks(file, path, take);
}

std::string read_standard_input(std::size_t most) { return read_stream(std::cin, "-", most); }

}  // namespace microgpt
