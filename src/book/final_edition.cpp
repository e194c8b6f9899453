#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "base/file.h"
#include "base/sha256.h"
#include "microgpt/book.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kLines = 200;
constexpr char kSha256[] =
    "4fda8f9395d5660baa014f7724aa9f3b21f3e73c14cea231da458676751fbd5c";  // of its lines, each with
                                                                         // \n

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

std::vector<std::string> read_final_edition(const std::string& path) {
  std::vector<std::string> lines = lines_of(read_file(path, path, kMaxBytes));
  if (sha256_hex(fmt::format("{}\n", fmt::join(lines, "\n"))) == kSha256) return lines;
  const std::string found =
      lines.size() == kLines ? "other ones" : fmt::format("{} lines", lines.size());
  throw Error(
      fmt::format("{}: not the final edition of microgpt.py, expected its {} lines, got {}; "
                  "the book counts the lines of that edition only, and explains them "
                  "without the file as well",
                  path, kLines, found));
}

}  // namespace microgpt
