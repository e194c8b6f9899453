// Lines of standard input, as they come.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace microgpt {

// Lines end at \n, \r\n or \r, as Python reads text; the last one may lack its end.
class LineReader {
 public:
  // longest: more bytes of a line are dropped.
  LineReader(int descriptor, std::size_t longest);

  struct Line {
    std::string text;
    bool cut = false;  // it was longer
  };

  // Waits for more bytes where no line is there yet. False at the end.
  // Throws Error: can't be read.
  bool next(Line& line);

 private:
  // Takes bytes up to the end of a line. False if there are too few.
  bool take(Line& line);

  int descriptor_;
  std::size_t longest_;
  std::string buffer_;
  std::size_t at_ = 0;         // of buffer_, read so far
  bool after_return_ = false;  // a \n that comes next belongs to the \r before it
  bool begun_ = false;         // bytes of a line were taken
  bool at_end_ = false;
};

}  // namespace microgpt
