// A file in blocks, cut into its lines.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "microgpt/dataset.h"

namespace microgpt::check {

enum class LineEnd { kNone, kLineFeed, kReturnLineFeed, kReturn };

struct Line {
  std::string_view text;  // without its end
  std::size_t number;     // from 1
  LineEnd end;
  std::size_t dropped;  // bytes beyond kLongestLine
};

// Lines end at \n, \r\n or \r, as in a Dataset.
class LineSplitter {
 public:
  // on_line: told each line; its text is valid during the call.
  LineSplitter(Encoding encoding, std::function<void(const Line&)> on_line);

  void add(std::string_view bytes);

  // The file's end: tells the last line if that has no end of its own.
  void finish();

 private:
  void keep(std::string_view part);
  void tell(std::string_view part, LineEnd end);

  Encoding encoding_;
  std::function<void(const Line&)> on_line_;
  std::string kept_;  // of a line whose end has not come
  std::size_t dropped_ = 0;
  std::size_t number_ = 0;
  bool after_return_ = false;  // the line in kept_ ended with \r, and \n may follow
  std::string utf8_;           // of a line in Latin-1
};

}  // namespace microgpt::check
