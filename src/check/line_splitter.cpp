#include "check/line_splitter.h"

#include <algorithm>
#include <utility>

#include "base/unicode.h"
#include "microgpt/check.h"

namespace microgpt::check {
namespace {

// The text, without the beginning of a character at its end that was cut in two.
std::string_view whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte >> 6 == 0b10) continue;
    const std::size_t needs = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return needs > back ? text.substr(0, text.size() - back) : text;
  }
  return text;
}

// Where the first line end is; the size if there is none.
std::size_t find_line_end(std::string_view bytes) {
  const auto end = std::ranges::find_if(bytes, [](char c) { return c == '\n' || c == '\r'; });
  return static_cast<std::size_t>(end - bytes.begin());
}

}  // namespace

LineSplitter::LineSplitter(Encoding encoding, std::function<void(const Line&)> on_line)
    : encoding_(encoding), on_line_(std::move(on_line)) {}

void LineSplitter::keep(std::string_view part) {
  const std::size_t room = kLongestLine + 1 - std::min(kept_.size(), kLongestLine + 1);
  const std::size_t taken = std::min(room, part.size());
  kept_ += part.substr(0, taken);
  dropped_ += part.size() - taken;
}

void LineSplitter::tell(std::string_view part, LineEnd end) {
  if (!kept_.empty()) {
    keep(part);
    part = kept_;
  }
  std::size_t dropped = std::exchange(dropped_, 0);
  if (part.size() > kLongestLine) {
    dropped += part.size() - kLongestLine;
    part = part.substr(0, kLongestLine);
    if (encoding_ == Encoding::kUtf8) part = whole_characters(part);
  }
  if (encoding_ == Encoding::kLatin1) {
    utf8_.clear();
    for (const char c : part) append_utf8(utf8_, static_cast<unsigned char>(c));
    part = utf8_;
  }
  on_line_({part, ++number_, end, dropped});
  kept_.clear();
}

void LineSplitter::add(std::string_view bytes) {
  if (bytes.empty()) return;
  if (std::exchange(after_return_, false)) {
    const bool both = bytes.front() == '\n';
    tell({}, both ? LineEnd::kReturnLineFeed : LineEnd::kReturn);
    bytes.remove_prefix(both ? 1 : 0);
  }
  const bool has_returns = bytes.find('\r') != bytes.npos;  // else memchr finds the ends
  while (!bytes.empty()) {
    const std::size_t at = has_returns ? find_line_end(bytes) : bytes.find('\n');
    if (at >= bytes.size()) return keep(bytes);
    const std::string_view text = bytes.substr(0, at);
    const bool is_return = bytes[at] == '\r';
    if (is_return && at + 1 == bytes.size()) {
      after_return_ = true;
      return keep(text);
    }
    const bool both = is_return && bytes[at + 1] == '\n';
    bytes.remove_prefix(at + (both ? 2 : 1));
    tell(text, both ? LineEnd::kReturnLineFeed : is_return ? LineEnd::kReturn : LineEnd::kLineFeed);
  }
}

void LineSplitter::finish() {
  if (std::exchange(after_return_, false)) {
    tell({}, LineEnd::kReturn);
  } else if (!kept_.empty()) {
    tell({}, LineEnd::kNone);
  }
}

}  // namespace microgpt::check
